// Names that mean nothing to us, and which one each of them may have been meant to be. config.ts warns of them. Pure.

/** Nearest of the known ones; undefined where none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const distances = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  const nearest = distances.reduce((best, one) => one.distance < best.distance ? one : best, {
    candidate: "",
    distance: Infinity,
  });
  return nearest.distance <= Math.max(name.length, nearest.candidate.length) / 2 ? nearest.candidate : undefined;
}

/** Letters to insert, delete or replace until one is the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
