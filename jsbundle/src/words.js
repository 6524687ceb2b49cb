/**
 * "billing[firstName2]" → " billing first name 2 ": lower case, no accents, single spaces, a space at both ends,
 * so that a rule can ask for whole words with plain spaces.
 */
export const words = text =>
  (' ' + text + ' ')
    .replace(/\p{L}(?=\d)|\p{Ll}(?=\p{Lu})/gu, '$& ')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\d|]+/gu, ' ');
