/**
 * Traveler user names, compared as Domino does: ignoring case and in abbreviated form, so that
 * `CN=Jane Doe/OU=Sales/O=Acme` equals `jane doe/sales/acme`.
 */

const label = /^(cn|ou\d*|o|c)=/i;
/** Never found in an abbreviated name without stray spaces: most names need no rewriting. */
const unabbreviated = /=|\s\/|\/\s|^\s|\s$/;

/** The abbreviated name in lower case: the same for every spelling of one user. */
export function canonicalName(name: string): string {
  if (!unabbreviated.test(name)) return name.toLowerCase();
  return name
    .split('/')
    .map((part) => part.trim().replace(label, ''))
    .join('/')
    .toLowerCase();
}

/** The common name, as spelled: the part before the first slash. */
export function commonName(name: string): string {
  const slash = name.indexOf('/');
  const first = (slash < 0 ? name : name.slice(0, slash)).trim();
  return first.includes('=') ? first.replace(/^cn=/i, '') : first;
}
