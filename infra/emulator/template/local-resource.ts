/** A resource of a supported type, with all its properties resolved. */
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
