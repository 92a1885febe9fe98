import { KeyRound, Plus, Trash2, X } from "lucide-react";
import type { ReactElement } from "react";
import type { authpb } from "@quorate/proto";
import { useClients } from "../../data/index.js";
import type { MayWrite } from "../../data/index.js";
import { toHex } from "../../text/bytes.js";
import { plural } from "../../text/format.js";
import { Badge, EmptyState, IconButton, Panel, useToast } from "../../ui/index.js";
import { WriteButton } from "../members/write-button.js";
import { describeRange } from "../txn/key-reach.js";
import { permissionWord, ROOT } from "./permission.js";
import { useAccessState } from "./url.js";
import { useRefreshAccess } from "./use-access.js";
import type { Access, Role } from "./use-access.js";

export function RoleList({
  access,
  mayWrite,
}: {
  readonly access: Access;
  readonly mayWrite: MayWrite;
}): ReactElement {
  if (access.roles.length === 0) {
    return (
      <EmptyState icon={<KeyRound />} title="No roles yet">
        A role is a set of permissions with a name. Users get roles, never permissions of their own.
      </EmptyState>
    );
  }
  return (
    <div className="access-role-list">
      {access.roles.map((role) => (
        <RolePanel
          key={role.name}
          role={role}
          users={access.users.filter((user) => user.roles.includes(role.name)).map((user) => user.name)}
          mayWrite={mayWrite}
        />
      ))}
    </div>
  );
}

interface RolePanelProps {
  readonly role: Role;
  readonly users: readonly string[];
  readonly mayWrite: MayWrite;
}

function RolePanel({ role, users, mayWrite }: RolePanelProps): ReactElement {
  const { open } = useAccessState();
  const held = users.length === 0 ? "nobody has it" : `${plural(users.length, "user")}: ${users.join(", ")}`;
  return (
    <Panel
      title={role.name}
      description={held}
      actions={
        <>
          {role.name !== ROOT && (
            <WriteButton
              size="s"
              variant="quiet"
              icon={<Plus />}
              mayWrite={mayWrite}
              onClick={() => open("add-permission", role.name)}
            >
              Permission
            </WriteButton>
          )}
          <WriteButton
            size="s"
            variant="quiet"
            icon={<Trash2 />}
            mayWrite={mayWrite}
            aria-label={`Delete role ${role.name}`}
            onClick={() => open("delete-role", role.name)}
          />
        </>
      }
    >
      {role.name === ROOT ? (
        <p className="access-none">
          Everything, also keys that no permission names, members, users and roles.
        </p>
      ) : role.permissions.length === 0 ? (
        <p className="access-none">Nothing is permitted yet.</p>
      ) : (
        <ul className="access-permissions">
          {role.permissions.map((permission) => (
            <Permission
              key={`${toHex(permission.key)} ${toHex(permission.rangeEnd)}`}
              role={role.name}
              permission={permission}
              mayWrite={mayWrite}
            />
          ))}
        </ul>
      )}
    </Panel>
  );
}

interface PermissionProps {
  readonly role: string;
  readonly permission: authpb.Permission;
  readonly mayWrite: MayWrite;
}

/** Taking a permission back is undone by giving it again, so it asks no question. */
function Permission({ role, permission, mayWrite }: PermissionProps): ReactElement {
  const { auth } = useClients();
  const refresh = useRefreshAccess();
  const toast = useToast();
  const range = describeRange(permission);
  const revoke = async (): Promise<void> => {
    try {
      await auth.roleRevokePermission({ role, key: permission.key, rangeEnd: permission.rangeEnd });
      toast.success(`${role} lost a permission`, range);
      await refresh();
    } catch (error) {
      toast.failure("The permission stays", error);
    }
  };
  return (
    <li>
      <Badge tone={permission.permType === 0 ? "neutral" : "info"}>
        {permissionWord(permission.permType)}
      </Badge>
      <code className="access-range">{range}</code>
      {mayWrite.allowed && (
        <IconButton
          label={`Take the permission for ${range} from ${role}`}
          icon={<X />}
          size="s"
          tooltip={false}
          onClick={() => void revoke()}
        />
      )}
    </li>
  );
}
