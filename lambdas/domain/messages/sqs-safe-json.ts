/**
 * JSON that SQS takes whatever it holds: characters outside those that a message may consist of are written as escapes, which
 * read back as the same text. (The SQS of the local stack refuses also what lies beyond the first plane, such as emoji.)
 */
const refused = /[^\t\n\r -\uD7FF\uE000-\uFFFD]/g;

export function messageText(value: unknown): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return (JSON.stringify(value) ?? 'null').replace(refused, escaped);
}
