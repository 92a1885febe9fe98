import { bytesParam, flag, int64, oneOf, optionalBytes, text } from "../../app/url-state.js";
import type { SetUrlState, UrlState } from "../../app/url-state.js";

export const valueFormats = ["text", "json", "yaml", "kubernetes", "hex", "base64"] as const;
export type ValueFormat = (typeof valueFormats)[number];

/** Everything a person can choose on this screen, by its name in the URL. */
export const keysSchema = {
  /** Where the tree or list begins. */
  prefix: bytesParam(),
  view: oneOf(["tree", "list"], "tree"),
  /** The key or the folder whose details are shown; a key wins. */
  key: optionalBytes(),
  folder: optionalBytes(),
  tab: oneOf(["value", "history"], "value"),
  as: oneOf(["auto", ...valueFormats], "auto"),
  edit: flag(),
  /** Revision at which the store is looked at; 0 is now. */
  rev: int64(),
  /** Text to search for, where, and how. */
  q: text(),
  values: flag(),
  exact: flag(),
  /** Chosen state of the history, and what it is compared with. */
  at: int64(),
  against: oneOf(["before", "now"], "before"),
};

export type KeysState = UrlState<typeof keysSchema>;
export type SetKeysState = SetUrlState<typeof keysSchema>;
