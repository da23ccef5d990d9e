// Settings of recordings on the server: a part of settings.ts.
import type { Settings } from "./lib/read_setting.ts";
import { folder, oneOf, webUrl, whole } from "./lib/setting_kinds.ts";

const server = ["b3scaled"] as const;

export const RECORDINGS = {
  publishedPath: {
    name: "B3SCALE_RECORDINGS_PUBLISHED_PATH",
    programs: server,
    kind: folder,
    meaning:
      "Published recordings, `<format>/<record id>` below it. Without this and the next one nothing is done with " +
      "recordings' files.",
  },
  unpublishedPath: {
    name: "B3SCALE_RECORDINGS_UNPUBLISHED_PATH",
    programs: server,
    kind: folder,
    meaning: "Unpublished ones, and the trash (`.trash`). Never serve it.",
  },
  inboxPath: {
    name: "B3SCALE_RECORDINGS_INBOX_PATH",
    programs: server,
    kind: folder,
    meaning: "Where nodes lay down new ones. Without it one of the two above, by the default visibility.",
  },
  defaultVisibility: {
    name: "B3SCALE_RECORDINGS_DEFAULT_VISIBILITY",
    programs: server,
    kind: oneOf("unpublished", "published", "protected", "public", "public_protected"),
    default: "published",
    meaning:
      "Only chooses the default inbox, as in 1.x: the unpublished folder for `unpublished`, else the published one.",
  },
  playbackHost: {
    name: "B3SCALE_RECORDINGS_PLAYBACK_HOST",
    programs: server,
    kind: webUrl,
    meaning:
      "The host that plays recordings, see [protected-playback.md](protected-playback.md). Without it they are played " +
      "from the nodes, and none is protected.",
  },
  uploadMaxBytes: {
    name: "B3SCALE_RECORDINGS_UPLOAD_MAX_BYTES",
    programs: server,
    kind: whole(1, Number.MAX_SAFE_INTEGER, "bytes"),
    default: String(20 * 1024 ** 3),
    meaning: "Most of one uploaded format of a recording, unpacked; the default is 20 GiB.",
  },
  trashDays: {
    name: "B3SCALE_RECORDINGS_TRASH_DAYS",
    programs: server,
    kind: whole(0, 36_500, "days"),
    default: "7",
    meaning: "How long the files of deleted recordings are kept in the trash; 0 = not at all.",
  },
} satisfies Settings;
