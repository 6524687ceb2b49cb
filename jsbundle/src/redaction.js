import { says } from './roles.js';
import { words } from './words.js';

export const REDACTED = '[REDACTED]';

// A number that begins with + is a phone's.
const CARD = /(^|[^+\d])(\d[ -]?){12,18}\d(?!\d)/g;
// Social security number; or IBAN: country, check digits, bank, then the longest stretch that every country keeps to digits.
const NUMBER = /\b(\d{3}-\d\d-\d{4}\b|[a-z]{2}\d\d ?[a-z\d]{4} ?\d{4} ?\d{3})/i;

const luhn = text =>
  [...text.replace(/\D/g, '')]
    .reverse()
    .reduce((sum, digit, index) => sum + ((index % 2 && (digit * 2) % 9) || +digit), 0) %
    10 ===
  0;

/** `text`: as words() gives it. A "new password" that calls itself an e-mail only keeps the browser from filling it in. */
export const secretWords = text => says(text.replace(/\| new password \|(?=.* e ?mail)/, ''), 'secret');

export const secretValue = text => NUMBER.test(text) || (text.match(CARD) || []).some(luhn);

/** Parameters of the query and of a fragment that looks like one (OAuth answers come in fragments). */
export const cleanUrl = url =>
  url.replace(/([?&#;]([^?&#;=]+)=)([^?&#;]*)/g, (whole, head, name, value) =>
    / (key|apikey|code|auth|session|sig\w*|user|name|phone|e ?mail) /.test((name = words(name.replace(/%\w\w/g, ' ')))) ||
    secretWords(name) ||
    /@|%40/.test(value) ||
    secretValue(value)
      ? head
      : whole,
  );

/** A plain copy without secret keys and values. Throws on what JSON cannot hold. */
export const cleanObject = value =>
  JSON.parse(
    JSON.stringify(value || {}, (key, part) =>
      secretWords(words(key)) || (typeof part !== 'object' && secretValue('' + part)) ? undefined : part,
    ),
  );
