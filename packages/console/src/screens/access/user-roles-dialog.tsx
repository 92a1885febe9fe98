import { useState } from "react";
import type { ReactElement } from "react";
import { useAction, useClients } from "../../data/index.js";
import { plural } from "../../text/format.js";
import { Callout, Checkbox, useToast } from "../../ui/index.js";
import { FormDialog } from "./form-dialog.js";
import { describePermission, ROOT } from "./permission.js";
import { useRefreshAccess } from "./use-access.js";
import type { Role, User } from "./use-access.js";

export interface UserRolesDialogProps {
  readonly user: User;
  readonly roles: readonly Role[];
  readonly onClose: () => void;
}

/** All roles to tick. Each tick is one call; those that were made stay made when a later one fails. */
export function UserRolesDialog({ user, roles, onClose }: UserRolesDialogProps): ReactElement {
  const { auth } = useClients();
  const refresh = useRefreshAccess();
  const toast = useToast();
  const [wanted, setWanted] = useState<ReadonlySet<string>>(new Set(user.roles));
  // A server may know root as a role of itself without listing it.
  const names = [...new Set([...roles.map((role) => role.name), ...user.roles])];
  const save = useAction(async () => {
    try {
      for (const role of names) {
        const has = user.roles.includes(role);
        if (wanted.has(role) && !has) await auth.userGrantRole({ user: user.name, role });
        if (!wanted.has(role) && has) await auth.userRevokeRole({ name: user.name, role });
      }
    } finally {
      await refresh();
    }
    toast.success(`Roles of ${user.name} were changed`);
    onClose();
  });
  const toggle = (role: string, on: boolean): void => {
    const next = new Set(wanted);
    if (on) next.add(role);
    else next.delete(role);
    setWanted(next);
  };
  return (
    <FormDialog
      title={`Roles of ${user.name}`}
      submitLabel="Save"
      busy={save.busy}
      error={save.error}
      onClose={onClose}
      onSubmit={() => void save.run()}
    >
      {names.length === 0 && <Callout tone="info">There are no roles yet. Add one first.</Callout>}
      {names.map((name) => (
        <Checkbox
          key={name}
          label={name}
          description={summaryOf(
            roles.find((role) => role.name === name),
            name,
          )}
          checked={wanted.has(name)}
          onChange={(on) => toggle(name, on)}
        />
      ))}
      {user.name === ROOT && user.roles.includes(ROOT) && !wanted.has(ROOT) && (
        <Callout tone="warn">
          Without the role root, the user root cannot be what permissions need to be switched on.
        </Callout>
      )}
    </FormDialog>
  );
}

function summaryOf(role: Role | undefined, name: string): string {
  if (name === ROOT) return "May do everything.";
  const [first, ...more] = role?.permissions ?? [];
  if (first === undefined) return "Permits nothing yet.";
  return more.length === 0
    ? describePermission(first)
    : `${describePermission(first)}, and ${plural(more.length, "permission")} more`;
}
