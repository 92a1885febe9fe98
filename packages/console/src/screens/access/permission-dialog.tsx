import { authpb } from "@quorate/proto";
import { useState } from "react";
import type { ReactElement } from "react";
import { useAction, useClients } from "../../data/index.js";
import { Segmented, useToast } from "../../ui/index.js";
import { describeRange, rangeOf } from "../txn/key-reach.js";
import type { KeyDraft } from "../txn/key-reach.js";
import { ReachFields } from "../txn/reach-fields.js";
import "../txn/txn.css";
import { FormDialog } from "./form-dialog.js";
import { permissionWord } from "./permission.js";
import { useRefreshAccess } from "./use-access.js";

const kinds = {
  read: authpb.Permission_Type.READ,
  write: authpb.Permission_Type.WRITE,
  both: authpb.Permission_Type.READWRITE,
} as const;
type Kind = keyof typeof kinds;

export function PermissionDialog({
  role,
  onClose,
}: {
  readonly role: string;
  readonly onClose: () => void;
}): ReactElement {
  const { auth } = useClients();
  const refresh = useRefreshAccess();
  const toast = useToast();
  const [kind, setKind] = useState<Kind>("read");
  const [keys, setKeys] = useState<KeyDraft>({ key: "", reach: "prefix", end: "" });
  const [tried, setTried] = useState(false);
  const { range, problems } = rangeOf(keys);
  const problemOf = (field: "key" | "end"): string | undefined =>
    tried ? problems.find((problem) => problem.field === field)?.text : undefined;
  const grant = useAction(async () => {
    await auth.roleGrantPermission({ name: role, perm: { permType: kinds[kind], ...range } });
    toast.success(`${role} may ${permissionWord(kinds[kind]).toLowerCase()}`, describeRange(range));
    await refresh();
    onClose();
  });
  return (
    <FormDialog
      title={`Permission for ${role}`}
      submitLabel="Permit"
      busy={grant.busy}
      error={grant.error}
      onClose={onClose}
      onSubmit={() => {
        setTried(true);
        if (problems.length === 0) void grant.run();
      }}
    >
      <Segmented
        label="What is permitted"
        value={kind}
        onChange={setKind}
        options={[
          { value: "read", label: "Read" },
          { value: "write", label: "Write" },
          { value: "both", label: "Read and write" },
        ]}
      />
      <ReachFields
        name="Permission"
        hideLabels
        value={keys}
        onChange={(change) => setKeys({ ...keys, ...change })}
        keyError={problemOf("key")}
        endError={problemOf("end")}
      />
      <p className="access-none">
        {problems.length === 0
          ? `${role} may then ${permissionWord(kinds[kind]).toLowerCase()} ${describeRange(range)}.`
          : "Which keys?"}
      </p>
    </FormDialog>
  );
}
