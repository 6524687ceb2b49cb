import { page } from './page.js';
import { PREFIX, read, write } from './storage.js';
import { safe, uuid } from './util.js';

const IDENTITY = PREFIX + 'id';
const INACTIVITY_MS = 30 * 60 * 1000;

// Visitor, session, last activity, campaign of the session, first touch. Also here, because a host that clears the storage
// must not turn one visitor into two within a page.
let identity = [];
// Before the site tidies the address.
const arrival = page();
// Until a session has taken it up: an older tab must not bring an old campaign back.
let campaign = '' + (arrival.url.match(/(utm_\w+|gclid|fbclid|msclkid)=[^&#]+/g) || '');

export const visitorAndSession = () => identity;

const keep = () => write(IDENTITY, JSON.stringify(identity));

/** Counts as activity. The first and last touch when it began a new session: after inactivity, or by a new campaign. */
export const touch = now => {
  const [visitor, session, seen, from, first] = (identity = safe(JSON.parse)(read(IDENTITY)) || identity);
  const fresh = !(now - seen < INACTIVITY_MS) || (campaign && campaign !== from);
  identity = [visitor || uuid(), fresh ? uuid() : session, now, fresh ? campaign : from, first || arrival];
  keep();
  campaign = '';
  return fresh && { first: identity[4], last: arrival };
};

/** A new visitor, in every tab at once: what another tab remembers must not come back. */
export const renewIdentity = () => {
  identity = [uuid()];
  keep();
};

export const forgetIdentity = () => {
  identity = [];
};
