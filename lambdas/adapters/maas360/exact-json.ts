/** JSON with integers beyond JavaScript's safe range: those are kept as text. */

const whole = /^-?\d+$/;

/** Throws SyntaxError. `{"id": 9007199254740993}` reads as `{ id: '9007199254740993' }`; smaller numbers stay numbers. */
export function parseExactly(text: string): unknown {
  const revive: Reviver = (_key, value, context) => {
    const source = context?.source;
    const lost = typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && whole.test(source);
    return lost ? source : value;
  };
  return JSON.parse(text, revive);
}

/** With the source text of each primitive value (ECMAScript 2026, in Node since 22). */
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;
