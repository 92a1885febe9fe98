import type { ReactElement, ReactNode } from "react";
import { Callout, classNames } from "../../ui/index.js";
import type { Consequence } from "./consequence.js";
import type { Foresight } from "./maintenance.js";
import type { Votes } from "./quorum.js";

/** What will be different: the sentence, the reasons, and what the cluster will most likely say to it. */
export function ForesightView({
  foresight,
  children,
}: {
  readonly foresight: Foresight;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <div className="members-foresight">
      <p className="members-headline">{foresight.headline}</p>
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
  const rows: [label: string, before: number, after: number, moreIsWorse: boolean][] = [
    ["Voters", before.voters, after.voters, false],
    ["Answering", before.healthy, after.healthy, false],
    ["Needed for a majority", before.majority, after.majority, true],
    ["More that may fail", Math.max(0, before.spare), Math.max(0, after.spare), false],
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
        {rows.map(([label, was, will, moreIsWorse]) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>{was}</td>
            <td
              className={classNames(will !== was && (will > was === moreIsWorse ? "is-worse" : "is-other"))}
            >
              {will}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
