import { KeyRound, LockKeyhole, MoreHorizontal, Trash2, UsersRound } from "lucide-react";
import type { ReactElement } from "react";
import type { MayWrite } from "../../data/index.js";
import { Badge, EmptyState, IconButton, Menu, Panel, Table } from "../../ui/index.js";
import { ROOT } from "./permission.js";
import { useAccessState } from "./url.js";
import type { User } from "./use-access.js";

export function UserTable({
  users,
  mayWrite,
}: {
  readonly users: readonly User[];
  readonly mayWrite: MayWrite;
}): ReactElement {
  const { open } = useAccessState();
  if (users.length === 0) {
    return (
      <EmptyState icon={<UsersRound />} title="No users yet">
        Begin with root: it is needed before permissions can be switched on.
      </EmptyState>
    );
  }
  return (
    <Panel flush>
      <Table<User>
        caption="Users"
        rows={users}
        rowKey={(user) => user.name}
        columns={[
          {
            id: "name",
            header: "Name",
            width: "16rem",
            cell: (user) => <span className="access-name">{user.name}</span>,
          },
          { id: "roles", header: "Roles", cell: (user) => <Roles roles={user.roles} /> },
          {
            id: "actions",
            header: "Actions",
            hideHeader: true,
            align: "end",
            width: "4rem",
            cell: ({ name }) => (
              <Menu
                label={`Actions for ${name}`}
                trigger={
                  <IconButton
                    label={`Actions for user ${name}`}
                    icon={<MoreHorizontal />}
                    size="s"
                    tooltip={false}
                  />
                }
                items={[
                  {
                    label: "Roles",
                    icon: <KeyRound aria-hidden />,
                    hint: mayWrite.reason,
                    disabled: !mayWrite.allowed,
                    onSelect: () => open("user-roles", name),
                  },
                  {
                    label: "Change password",
                    icon: <LockKeyhole aria-hidden />,
                    hint: mayWrite.reason,
                    disabled: !mayWrite.allowed,
                    onSelect: () => open("password", name),
                  },
                  "separator",
                  {
                    label: "Delete user",
                    icon: <Trash2 aria-hidden />,
                    tone: "danger",
                    hint: mayWrite.reason,
                    disabled: !mayWrite.allowed,
                    onSelect: () => open("delete-user", name),
                  },
                ]}
              />
            ),
          },
        ]}
      />
    </Panel>
  );
}

function Roles({ roles }: { readonly roles: readonly string[] }): ReactElement {
  if (roles.length === 0) return <span className="access-none">none, so nothing is permitted</span>;
  return (
    <span className="access-roles">
      {roles.map((role) => (
        <Badge key={role} tone={role === ROOT ? "accent" : "neutral"}>
          {role}
        </Badge>
      ))}
    </span>
  );
}
