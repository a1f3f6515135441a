/** Where a customer's web services live: the first digit of the billing id says it. */

const hosts: Record<string, string> = {
  1: 'https://services.fiberlink.com',
  2: 'https://services.m2.maas360.com',
  3: 'https://services.m3.maas360.com',
  4: 'https://services.m4.maas360.com',
  6: 'https://services.m6.maas360.com',
};

/** Undefined for a first digit that is not known: the configuration must then name the url. */
export const hostOf = (billingId: string): string | undefined => hosts[billingId.slice(0, 1)];
