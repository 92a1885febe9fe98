/** Questions and forms about users and roles. Which one is open stands in the URL. */
import type { ReactElement } from "react";
import { useClients } from "../../data/index.js";
import type { MayWrite } from "../../data/index.js";
import { Callout, ConfirmDialog, useToast } from "../../ui/index.js";
import { AddRoleDialog, AddUserDialog, PasswordDialog } from "./name-dialogs.js";
import { PermissionDialog } from "./permission-dialog.js";
import { ROOT } from "./permission.js";
import { deletionWarning, foreseeDisable, foreseeEnable } from "./switching.js";
import { useAccessState } from "./url.js";
import { useConsoleUser, useRefreshAccess } from "./use-access.js";
import type { Access } from "./use-access.js";
import { UserRolesDialog } from "./user-roles-dialog.js";

export interface AccessDialogsProps {
  readonly access: Access;
  readonly mayWrite: MayWrite;
}

export function AccessDialogs({ access, mayWrite }: AccessDialogsProps): ReactElement | null {
  const { dialog, name, close } = useAccessState();
  const user = access.users.find((one) => one.name === name);
  const role = access.roles.find((one) => one.name === name);
  // A link may open a question for somebody who may not answer it.
  if (!mayWrite.allowed) return null;
  switch (dialog) {
    case "none":
      return null;
    case "enable":
    case "disable":
      return <SwitchDialog access={access} onClose={close} />;
    case "add-user":
      return <AddUserDialog access={access} onClose={close} />;
    case "add-role":
      return <AddRoleDialog onClose={close} />;
    case "password":
      return user === undefined ? null : <PasswordDialog name={user.name} onClose={close} />;
    case "user-roles":
      return user === undefined ? null : <UserRolesDialog user={user} roles={access.roles} onClose={close} />;
    case "add-permission":
      return role === undefined ? null : <PermissionDialog role={role.name} onClose={close} />;
    case "delete-user":
      return user === undefined ? null : (
        <DeleteDialog kind="user" name={user.name} access={access} onClose={close} />
      );
    case "delete-role":
      return role === undefined ? null : (
        <DeleteDialog kind="role" name={role.name} access={access} onClose={close} />
      );
  }
}

function SwitchDialog({
  access,
  onClose,
}: {
  readonly access: Access;
  readonly onClose: () => void;
}): ReactElement {
  const { auth } = useClients();
  const refresh = useRefreshAccess();
  const toast = useToast();
  const consoleUser = useConsoleUser();
  const rolesOf = (name: string): readonly string[] | undefined =>
    access.users.find((user) => user.name === name)?.roles;
  const { missing, warnings, consequence } = access.enabled
    ? foreseeDisable()
    : foreseeEnable({
        users: access.users.map((user) => user.name),
        rootRoles: rolesOf(ROOT),
        consoleUser,
        consoleRoles: rolesOf(consoleUser),
      });
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={access.enabled ? "Stop checking permissions?" : "Check permissions from now on?"}
      confirmLabel={access.enabled ? "Switch off" : "Switch on"}
      tone={access.enabled || warnings.length > 0 ? "danger" : "default"}
      {...(access.enabled || warnings.length > 0 ? { mustType: access.enabled ? "everybody" : "check" } : {})}
      disabled={missing.length > 0}
      consequence={consequence}
      onConfirm={async () => {
        if (access.enabled) await auth.authDisable({});
        else await auth.authEnable({});
        toast.success(access.enabled ? "Permissions are no longer checked" : "Permissions are checked now");
        await refresh();
      }}
    >
      {missing.length > 0 && (
        <Callout tone="warn" title="First:">
          {missing.join(" ")}
        </Callout>
      )}
      {warnings.map((warning) => (
        <Callout key={warning} tone="bad" title="You would lock yourself out.">
          {warning}
        </Callout>
      ))}
    </ConfirmDialog>
  );
}

interface DeleteDialogProps {
  readonly kind: "user" | "role";
  readonly name: string;
  readonly access: Access;
  readonly onClose: () => void;
}

function DeleteDialog({ kind, name, access, onClose }: DeleteDialogProps): ReactElement {
  const { auth } = useClients();
  const refresh = useRefreshAccess();
  const toast = useToast();
  const warning = deletionWarning(kind, name, access.enabled);
  const holders = access.users.filter((user) => user.roles.includes(name)).map((user) => user.name);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Delete the ${kind} ${name}?`}
      confirmLabel={`Delete ${kind}`}
      tone="danger"
      mustType={name}
      disabled={warning !== undefined && access.enabled}
      consequence={
        kind === "user"
          ? "Its tokens are worth nothing from then on: clients that use it are refused."
          : holders.length === 0
            ? "Nobody has it."
            : `${holders.join(", ")} ${holders.length === 1 ? "loses" : "lose"} what it permits at once.`
      }
      onConfirm={async () => {
        if (kind === "user") await auth.userDelete({ name });
        else await auth.roleDelete({ role: name });
        toast.success(`The ${kind} ${name} was deleted`);
        await refresh();
      }}
    >
      {warning !== undefined && <Callout tone="warn">{warning}</Callout>}
    </ConfirmDialog>
  );
}
