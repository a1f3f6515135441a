/** What this browser stores for its reader: columns, saved views, assumptions. If it is lost, the defaults apply. */
import { useState } from 'react';
import type { z } from 'zod';

export function useSaved<S extends z.ZodType>(
  name: string,
  schema: S,
  otherwise: z.output<S>,
): [z.output<S>, (value: z.output<S>) => void] {
  const key = `extender-${name}`;
  const [value, setValue] = useState<z.output<S>>(() => stored(key, schema) ?? otherwise);
  return [
    value,
    (next) => {
      setValue(next);
      try {
        localStorage.setItem(key, JSON.stringify(next));
      } catch {
        // Storage is full or forbidden: the value lasts until the page is left.
      }
    },
  ];
}

function stored<S extends z.ZodType>(key: string, schema: S): z.output<S> | null {
  try {
    const parsed = schema.safeParse(JSON.parse(localStorage.getItem(key) ?? 'null'));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
