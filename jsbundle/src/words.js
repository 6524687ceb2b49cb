/**
 * "billing[firstName2]" → " billing first name 2 ": lower case, single spaces, without "required", a space at both ends,
 * so that a rule can ask for whole words with plain spaces.
 */
export const words = text =>
  (' ' + text + ' ')
    .replace(/\p{L}(?=\d)|\p{Ll}(?=\p{Lu})/gu, '$& ')
    .toLowerCase()
    .replace(/([^\p{L}\d|]|required)+/gu, ' ');
