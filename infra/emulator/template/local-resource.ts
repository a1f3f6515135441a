/** A resource of a type that is understood, with everything in its properties resolved. */
import type { Identity } from './identities.ts';
import type { Properties, Understood } from './resource-shapes.ts';
import type { StackDocument } from './stack-document.ts';

export type LocalResource = { [T in Understood]: Resource<T> }[Understood];
export type Resource<T extends Understood> = {
  type: T;
  id: string;
  stack: StackDocument;
  identity: Identity;
  properties: Properties<T>;
};
