/** Users, roles, and who may do what. */
import { KeyRound, Plus, ShieldCheck, ShieldOff, UsersRound } from "lucide-react";
import type { ReactElement } from "react";
import { useMayWrite, useOverview } from "../../data/index.js";
import type { MayWrite } from "../../data/index.js";
import { Badge, Callout, EmptyState, ErrorState, Page, PageHeader, Skeleton, Tabs } from "../../ui/index.js";
import { WriteButton } from "../members/write-button.js";
import { AccessDialogs } from "./dialogs.js";
import { PermissionCheck } from "./permission-check.js";
import { RoleList } from "./role-list.js";
import { useAccess } from "./use-access.js";
import type { Access } from "./use-access.js";
import { useAccessState } from "./url.js";
import { UserTable } from "./user-table.js";
import "./access.css";

export function Screen(): ReactElement {
  const { overview } = useOverview();
  if (overview === undefined) {
    return (
      <Page>
        <PageHeader title="Access" />
        <Skeleton lines={6} />
      </Page>
    );
  }
  if (!overview.authOffered) {
    return (
      <Page>
        <PageHeader title="Access" />
        <EmptyState icon={<ShieldOff />} title="This cluster has no users and roles">
          Its server does not offer them. Whoever reaches its client port may read and write everything.
        </EmptyState>
      </Page>
    );
  }
  return <Offered />;
}

function Offered(): ReactElement {
  const access = useAccess();
  const mayWrite = useMayWrite();
  const { open } = useAccessState();
  const enabled = access.data?.enabled;
  return (
    <Page>
      <PageHeader
        title="Access"
        description="Users have roles, roles permit ranges of keys."
        actions={
          access.data !== undefined && (
            <>
              <Badge tone={enabled === true ? "good" : "warn"} dot>
                {enabled === true ? "Permissions are checked" : "Permissions are not checked"}
              </Badge>
              <WriteButton
                mayWrite={mayWrite}
                icon={enabled === true ? <ShieldOff /> : <ShieldCheck />}
                onClick={() => open(enabled === true ? "disable" : "enable")}
              >
                {enabled === true ? "Switch off" : "Switch on"}
              </WriteButton>
            </>
          )
        }
      />
      {access.isPending && <Skeleton lines={6} />}
      {access.isError && access.data === undefined && (
        <ErrorState error={access.error} onRetry={() => void access.refetch()} />
      )}
      {access.data !== undefined && <Lists access={access.data} mayWrite={mayWrite} />}
      {access.data !== undefined && <AccessDialogs access={access.data} mayWrite={mayWrite} />}
    </Page>
  );
}

function Lists({ access, mayWrite }: { readonly access: Access; readonly mayWrite: MayWrite }): ReactElement {
  const { tab, setTab, open } = useAccessState();
  return (
    <>
      {!access.enabled && (
        <Callout tone="info">
          Until permissions are switched on, everybody may do everything. Users and roles can be prepared
          meanwhile.
        </Callout>
      )}
      <Tabs
        label="Users, roles and check"
        value={tab}
        onChange={setTab}
        items={[
          { value: "users", label: "Users", icon: <UsersRound aria-hidden />, count: access.users.length },
          { value: "roles", label: "Roles", icon: <KeyRound aria-hidden />, count: access.roles.length },
          { value: "check", label: "Who may?", icon: <ShieldCheck aria-hidden /> },
        ]}
        actions={
          tab !== "check" && (
            <WriteButton
              size="s"
              icon={<Plus />}
              mayWrite={mayWrite}
              onClick={() => open(tab === "users" ? "add-user" : "add-role")}
            >
              {tab === "users" ? "Add a user" : "Add a role"}
            </WriteButton>
          )
        }
      >
        {(chosen) => (
          <div className="access-panel">
            {chosen === "users" ? (
              <UserTable users={access.users} mayWrite={mayWrite} />
            ) : chosen === "roles" ? (
              <RoleList access={access} mayWrite={mayWrite} />
            ) : (
              <PermissionCheck access={access} />
            )}
          </div>
        )}
      </Tabs>
    </>
  );
}
