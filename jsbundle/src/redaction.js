import { words } from './words.js';

export const REDACTED = '[REDACTED]';

// The long stems are safe anywhere; the short ones only as whole words ("shipping" is no "pin").
const SECRET =
  /passw|wachtwoord|contrasen|kreditkart|mot de passe|(credit|debit) ?card|card ?num|ccn|social ?security|security (code|question|answer)| (pwd|pass|passcode|pin|otp|ssn|cvv|cvc|csc|cc|iban|senha|clave|hasło|(one time|verification|auth|sms) code) /;
const SECRET_PARAMETER = / (token|key|apikey|secret|code|auth|session|sig|signature|user|name|phone|e ?mail) /;

// A number that begins with + is a phone's.
const CARD = /(^|[^+\d])(\d[ -]?){12,18}\d(?!\d)/g;
const SSN = /\b\d{3}-\d\d-\d{4}\b/;
// Country, check digits, bank, then the longest stretch that every country keeps to digits.
const IBAN = /\b[a-z]{2}\d\d ?[a-z\d]{4} ?\d{4} ?\d{3}/i;

const luhn = text =>
  [...text.replace(/\D/g, '')]
    .reverse()
    .reduce((sum, digit, index) => sum + (index % 2 ? (digit * 2) % 9 || +digit : +digit), 0) %
    10 ===
  0;

/** `text`: as words() gives it. */
export const secretWords = text => SECRET.test(text);

export const secretValue = text => SSN.test(text) || IBAN.test(text) || (text.match(CARD) || []).some(luhn);

/** Parameters of the query and of a fragment that looks like one (OAuth answers come in fragments). */
export const cleanUrl = url =>
  url.replace(/([?&#;])([^?&#;=]+)=([^?&#;]*)/g, (whole, sign, rawName, value) => {
    const name = words(rawName.replace(/%\w\w/g, ' '));
    const secret =
      SECRET_PARAMETER.test(name) ||
      secretWords(name) ||
      /@|%40/.test(value) ||
      secretValue(value.replace(/%20|\+/g, ' '));
    return secret ? sign + rawName + '=' : whole;
  });

/** A plain copy without secret keys and values. Throws on what JSON cannot hold. */
export const cleanObject = value =>
  JSON.parse(
    JSON.stringify(value || {}, (key, part) =>
      secretWords(words(key)) || (typeof part !== 'object' && secretValue('' + part)) ? undefined : part,
    ),
  );
