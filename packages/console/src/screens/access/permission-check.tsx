import { Search } from "lucide-react";
import type { ReactElement } from "react";
import { text, useUrlState } from "../../app/url-state.js";
import { tryParseEscaped } from "../../text/escape.js";
import { Badge, Callout, Panel, Table, TextField } from "../../ui/index.js";
import type { Column } from "../../ui/index.js";
import { judge } from "./permission.js";
import type { Action, Verdict } from "./permission.js";
import type { Access, User } from "./use-access.js";

const parameters = { key: text() };

interface Row {
  readonly user: User;
  readonly read: Verdict;
  readonly write: Verdict;
}

/** Everybody's answer for one key, worked out from the roles as they are now. */
export function PermissionCheck({ access }: { readonly access: Access }): ReactElement {
  const [state, set] = useUrlState(parameters);
  const key = tryParseEscaped(state.key);
  const rolesOf = (user: User): Access["roles"] =>
    user.roles.map((name) => access.roles.find((role) => role.name === name) ?? { name, permissions: [] });
  const rows: Row[] =
    key === undefined || key.length === 0
      ? []
      : access.users.map((user) => ({
          user,
          read: judge(rolesOf(user), "read", key),
          write: judge(rolesOf(user), "write", key),
        }));
  const column = (id: Action, header: string): Column<Row> => ({
    id,
    header,
    cell: (row) => (
      <span className="access-verdict">
        <Badge tone={row[id].allowed ? "good" : "bad"}>{row[id].allowed ? "may" : "may not"}</Badge>
        <span className="access-reason">{row[id].reason}</span>
      </span>
    ),
  });
  return (
    <Panel flush>
      <div className="access-check-key">
        <TextField
          mono
          label="Who may read and write this key?"
          placeholder="app/config"
          leading={<Search aria-hidden />}
          value={state.key}
          onChange={(next) => set({ key: next })}
          error={key === undefined ? "Not an escape. Write \\\\ for a backslash." : undefined}
        />
        {!access.enabled && rows.length > 0 && (
          <Callout tone="warn">Permissions are not checked now. This is how it would be.</Callout>
        )}
      </div>
      {rows.length > 0 && (
        <Table<Row>
          caption={`Who may read and write ${state.key}`}
          rows={rows}
          rowKey={(row) => row.user.name}
          columns={[
            { id: "user", header: "User", width: "12rem", cell: (row) => row.user.name },
            column("read", "Read"),
            column("write", "Write"),
          ]}
        />
      )}
    </Panel>
  );
}
