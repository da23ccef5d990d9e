// Where a format or a preview image is played from (gateway contract §10.3). Pure.

/**
 * @param url as it is stored: a node's, or relative to the host
 * @returns the same path and query on the playback host; unchanged where none is set
 */
export function onPlaybackHost(playbackHost: string, url: string): string {
  if (playbackHost === "") return url;
  const { origin } = new URL(playbackHost);
  const { pathname, search } = URL.parse(url, origin) ?? new URL(origin);
  return `${origin}${pathname.startsWith("/") ? "" : "/"}${pathname}${search}`;
}
