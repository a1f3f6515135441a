/** The host of a customer's web services, by the first digit of the billing id. */

const hosts: Record<string, string> = {
  1: 'https://services.fiberlink.com',
  2: 'https://services.m2.maas360.com',
  3: 'https://services.m3.maas360.com',
  4: 'https://services.m4.maas360.com',
  6: 'https://services.m6.maas360.com',
};

/** Undefined for an unknown first digit: the configuration must then contain the URL. */
export const hostOf = (billingId: string): string | undefined => hosts[billingId.slice(0, 1)];
