/** JSON with one member a line, so that a diff by lines shows what changed; any other text as it is. */
export function pretty(text: string): string {
  const first = text.trimStart().charAt(0);
  if (first !== "{" && first !== "[") return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
