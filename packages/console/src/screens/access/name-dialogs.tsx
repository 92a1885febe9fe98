/** A user, a role, a new password: forms of one or two fields. */
import { useState } from "react";
import type { ReactElement } from "react";
import { useAction, useClients } from "../../data/index.js";
import { Switch, TextField, useToast } from "../../ui/index.js";
import { FormDialog } from "./form-dialog.js";
import { ROOT } from "./permission.js";
import { useRefreshAccess } from "./use-access.js";
import type { Access } from "./use-access.js";

export function AddUserDialog({
  access,
  onClose,
}: {
  readonly access: Access;
  readonly onClose: () => void;
}): ReactElement {
  const { auth } = useClients();
  const refresh = useRefreshAccess();
  const toast = useToast();
  const [name, setName] = useState(access.users.some((user) => user.name === ROOT) ? "" : ROOT);
  const [password, setPassword] = useState("");
  const [certificateOnly, setCertificateOnly] = useState(false);
  const [tried, setTried] = useState(false);
  const add = useAction(async () => {
    await auth.userAdd({
      name,
      password: certificateOnly ? "" : password,
      options: { noPassword: certificateOnly },
    });
    toast.success(`The user ${name} was added`, "Give it a role next: without one it may do nothing.");
    await refresh();
    onClose();
  });
  const valid = name !== "" && (certificateOnly || password !== "");
  return (
    <FormDialog
      title="Add a user"
      submitLabel="Add user"
      busy={add.busy}
      error={add.error}
      onClose={onClose}
      onSubmit={() => {
        setTried(true);
        if (valid) void add.run();
      }}
    >
      <TextField
        autoFocus
        label="Name"
        value={name}
        onChange={setName}
        error={tried && name === "" ? "A name is needed." : undefined}
      />
      {!certificateOnly && (
        <NewPassword
          value={password}
          onChange={setPassword}
          error={tried && password === "" ? "A password is needed." : undefined}
        />
      )}
      <Switch
        label="No password"
        description="It identifies itself by the name in its client certificate."
        checked={certificateOnly}
        onChange={setCertificateOnly}
      />
    </FormDialog>
  );
}

export function AddRoleDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { auth } = useClients();
  const refresh = useRefreshAccess();
  const toast = useToast();
  const [name, setName] = useState("");
  const [tried, setTried] = useState(false);
  const add = useAction(async () => {
    await auth.roleAdd({ name });
    toast.success(`The role ${name} was added`);
    await refresh();
    onClose();
  });
  return (
    <FormDialog
      title="Add a role"
      submitLabel="Add role"
      busy={add.busy}
      error={add.error}
      onClose={onClose}
      onSubmit={() => {
        setTried(true);
        if (name !== "") void add.run();
      }}
    >
      <TextField
        autoFocus
        label="Name"
        description={name === ROOT ? "This name is special: whoever has it may do everything." : undefined}
        value={name}
        onChange={setName}
        error={tried && name === "" ? "A name is needed." : undefined}
      />
    </FormDialog>
  );
}

export function PasswordDialog({
  name,
  onClose,
}: {
  readonly name: string;
  readonly onClose: () => void;
}): ReactElement {
  const { auth } = useClients();
  const toast = useToast();
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const change = useAction(async () => {
    await auth.userChangePassword({ name, password });
    toast.success(`${name} has a new password`);
    onClose();
  });
  return (
    <FormDialog
      title={`New password for ${name}`}
      description="Clients that hold a token of the old one have to log in again."
      submitLabel="Change password"
      busy={change.busy}
      error={change.error}
      onClose={onClose}
      onSubmit={() => {
        setTried(true);
        if (password !== "") void change.run();
      }}
    >
      <NewPassword
        value={password}
        onChange={setPassword}
        error={tried && password === "" ? "A password is needed." : undefined}
      />
    </FormDialog>
  );
}

interface NewPasswordProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
}

function NewPassword({ value, onChange, error }: NewPasswordProps): ReactElement {
  return (
    <TextField
      type="password"
      autoComplete="new-password"
      label="Password"
      value={value}
      onChange={onChange}
      error={error}
    />
  );
}
