import type { ReactElement, ReactNode } from "react";
import { Callout, classNames } from "../../ui/index.js";
import type { Consequence } from "./consequence.js";
import type { Foresight } from "./maintenance.js";
import type { Votes } from "./quorum.js";

/** The reasons for the headline, and what the cluster will most likely say to it. */
export function ForesightView({
  foresight,
  children,
}: {
  readonly foresight: Foresight;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <div className="members-foresight">
      {children}
      {foresight.details.length > 0 && (
        <ul className="members-details">
          {foresight.details.map((detail) => (
            <li key={detail}>{detail}</li>
          ))}
        </ul>
      )}
      {foresight.refusal !== undefined && (
        <Callout tone="warn" title="The cluster will most likely refuse.">
          {foresight.refusal}
        </Callout>
      )}
    </div>
  );
}

/** The same with the arithmetic of votes before and after. */
export function ConsequenceView({ consequence }: { readonly consequence: Consequence }): ReactElement {
  return (
    <ForesightView foresight={consequence}>
      <VotesBeforeAfter before={consequence.before} after={consequence.after} />
    </ForesightView>
  );
}

function VotesBeforeAfter({
  before,
  after,
}: {
  readonly before: Votes;
  readonly after: Votes;
}): ReactElement {
  const mayFail = ({ spare }: Votes): string => (spare < 0 ? "no writes" : String(spare));
  const rows: { label: string; was: string; will: string; worse?: boolean }[] = [
    { label: "Voters", was: String(before.voters), will: String(after.voters) },
    { label: "Answering", was: String(before.healthy), will: String(after.healthy) },
    { label: "Needed for a majority", was: String(before.majority), will: String(after.majority) },
    {
      label: "More that may fail",
      was: mayFail(before),
      will: mayFail(after),
      worse: after.spare < before.spare,
    },
  ];
  return (
    <table className="members-arithmetic">
      <caption className="visually-hidden">Votes now and afterwards</caption>
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">Figure</span>
          </th>
          <th scope="col">Now</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, was, will, worse = false }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>{was}</td>
            <td className={classNames(worse && "is-worse")}>{will}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
