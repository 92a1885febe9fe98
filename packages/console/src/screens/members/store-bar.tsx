import type { ReactElement } from "react";
import { formatBytes } from "../../text/format.js";
import { classNames } from "../../ui/index.js";
import type { StoreUse } from "./member-view.js";

/** From this share of the quota on, somebody should compact or raise it before writes are refused. */
const nearlyFull = 0.8;

/** What is in use, what the file takes, and the quota at which writes end: three lengths of one bar. */
export function StoreBar({ use }: { readonly use: StoreUse }): ReactElement {
  const { inUseBytes, fileBytes, quotaBytes } = use;
  const whole = Math.max(quotaBytes, fileBytes, 1);
  const percent = (bytes: number): string => `${Math.min(100, (bytes / whole) * 100)}%`;
  const full = quotaBytes > 0 && fileBytes > quotaBytes * nearlyFull;
  return (
    <div className="members-store">
      <div className="members-store-text">
        <span>Store</span>
        <span>
          {formatBytes(inUseBytes)} in use of {formatBytes(fileBytes)}
          {quotaBytes > 0 && <> · quota {formatBytes(quotaBytes)}</>}
        </span>
      </div>
      <div className={classNames("members-store-bar", full && "is-full")} aria-hidden>
        <i className="members-store-file" style={{ width: percent(fileBytes) }} />
        <i className="members-store-used" style={{ width: percent(inUseBytes) }} />
      </div>
    </div>
  );
}
