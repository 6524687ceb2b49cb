/** The browser script's public surface: what a page may set before it loads, and what it offers afterwards. */

/** Set by the snippet, before the script runs. */
export interface WebsiteTrackerConfig {
  /** A publishable key, `pk_live_…` or `pk_test_…`. Without one the script does nothing. */
  apiKey: string;
  /** Where the tracker is, with or without a slash at the end. */
  apiUrl: string;
  version?: string;
  /** Name of the API on `window`; `WebsiteTracker` unless set. */
  globalName?: string;
  /** Path below `apiUrl` that events are posted to; `v1/track/events` unless set. */
  ingestPath?: string;
  /**
   * What the client's configuration says of consent, for a first page that is left before that has arrived. Without it
   * nothing of such a page may be kept.
   */
  consent?: ConsentRules;
  /** For the page that it was made for, until the configuration brings one; set by the loader script. */
  siteToken?: string;
  /** Adds to the payload of each event of a form; set by the snippet. */
  form?: (form: Element) => FormSigns;
}

/** What speaks for or against a form having been filled in by a program. */
export interface FormSigns {
  /** Milliseconds since the page was opened. */
  fillMs?: number;
  /** Keys were struck in a field of the form that nobody sees. */
  honeypot?: true;
}

export interface ConsentRules {
  mode?: 'none' | 'optout' | 'optin';
  respectGpc?: boolean;
  respectDnt?: boolean;
}

export type Consent = 'granted' | 'denied';

/** `metadata.consent` of events after a decision, in the script for clients that ask for consent. */
export interface ConsentRecord {
  state: Consent;
  /** Of the text that was decided about, as the page gave it. */
  version?: string;
}

export type Role = 'email' | 'phone' | 'first_name' | 'last_name' | 'full_name' | 'company' | 'message';

/** Anything that JSON can hold. Sensitive keys and values are left out before an event is made. */
export type Payload = Record<string, unknown>;

export interface PageContext {
  url: string;
  path: string;
  title: string;
  referrer: string;
}

export interface TrackerEvent {
  /** Unique; the server drops an id that it knows. */
  id: string;
  type: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  sessionId: string;
  visitorId: string;
  payload: Payload & { page: PageContext };
  metadata: { language: string; timezone: string; consent?: ConsentRecord };
}

/** The page that a visit began on, `utm_*` and click ids in its address; sensitive values stripped. */
export type Touch = PageContext;

/** `payload.attribution` of a `session_start`. */
export interface Attribution {
  first: Touch;
  last: Touch;
}

export interface ChatMessage extends Payload {
  message: string;
  email?: string;
  name?: string;
}

export interface WebsiteTrackerApi {
  /** Sends an event. A type that is not like `snake_case` becomes `custom` with `payload.name`. */
  track(type: string, payload?: Payload): void;
  /** Sends `identify` with what is known of the visitor in `payload.fields`, at once. */
  identify(traits: Payload): void;
  /** Sends a `page_view` by hand, also where automatic ones are switched off. */
  page(): void;
  /**
   * Records the visitor's decision, and which version of the site's text it is about. A refusal erases identifiers and
   * queue, in all tabs.
   */
  consent(decision: Consent, options?: { version?: string }): void;
  /** Sends what waits. */
  flush(): void;
  /** A new visitor and a new session; what waits still belongs to the one before. */
  reset(): void;
  /** Sends a `chat_message`, at once. */
  chat(message: string | ChatMessage): void;
  /** Calls back for each event made, and for each request: the events as JSON texts, and whether it is done with. */
  on(name: 'event', callback: (event: TrackerEvent) => void): void;
  on(name: 'sent', callback: (events: string[], answered: boolean) => void): void;
}

/** A call made before the script has loaded: the method's name and its arguments. */
export type QueuedCall = [method: keyof WebsiteTrackerApi, ...args: unknown[]];

declare global {
  interface Window {
    WebsiteTrackerConfig?: WebsiteTrackerConfig;
    /** Before the script has loaded, the snippet's stub: its methods put their calls into `q`. */
    WebsiteTracker?: WebsiteTrackerApi & { q?: QueuedCall[] };
  }
}
