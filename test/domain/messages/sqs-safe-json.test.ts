import fc from 'fast-check';
import { expect, test } from 'vitest';
import { messageText } from '#domain/messages/sqs-safe-json';

test('any text is encoded in characters that SQS accepts, and decodes to the same', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(fc.oneof(text, fc.constantFrom('😀', '\uFFFF', '\uFFFE', '\u0000', '𠮷野家')), (given) => {
      const body = messageText({ user: given });
      expect(body).toMatch(/^[\t\n\r -\uD7FF\uE000-\uFFFD]*$/);
      expect(JSON.parse(body)).toEqual({ user: given });
    }),
  );
});
