/** Users and roles in memory, with the refusals that the screen has to show. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectRouter } from "@connectrpc/connect";
import { authpb, create, etcdserverpb } from "@quorate/proto";
import { compareBytes, equalBytes } from "../../../text/bytes.js";
import { rangeOf } from "../../txn/key-reach.js";
import type { Reach } from "../../txn/key-reach.js";

export interface FakeAuth {
  readonly users: Map<string, string[]>;
  readonly roles: Map<string, authpb.Permission[]>;
  enabled: boolean;
  /** Every call that changed something, by name. */
  readonly calls: string[];
  readonly routes: (router: ConnectRouter) => void;
}

export function permission(
  permType: authpb.Permission_Type,
  key: string,
  reach: Reach = "key",
): authpb.Permission {
  return create(authpb.PermissionSchema, { permType, ...rangeOf({ key, reach, end: "" }).range });
}

export function createFakeAuth(): FakeAuth {
  const { READ, WRITE, READWRITE } = authpb.Permission_Type;
  const users = new Map([
    ["root", ["root"]],
    ["deploy", ["config-writer", "reader"]],
    ["dashboard", ["reader"]],
    ["intern", []],
  ]);
  const roles = new Map([
    ["root", []],
    ["reader", [permission(READ, "", "prefix")]],
    ["config-writer", [permission(READWRITE, "/config/", "prefix"), permission(WRITE, "/deploy/last")]],
  ]);
  const calls: string[] = [];
  const refuse = (text: string): never => {
    throw new ConnectError(`etcdserver: ${text}`, Code.FailedPrecondition);
  };
  const user = (name: string): string[] => users.get(name) ?? refuse("user name not found");
  const role = (name: string): authpb.Permission[] => roles.get(name) ?? refuse("role name not found");
  const fake: FakeAuth = {
    users,
    roles,
    calls,
    enabled: false,
    routes: (router) => {
      router.service(etcdserverpb.Auth, {
        authStatus: () => ({ enabled: fake.enabled, authRevision: 3n }),
        authEnable: () => {
          if (!users.has("root")) refuse("root user does not exist");
          fake.enabled = true;
          calls.push("enable");
          return {};
        },
        authDisable: () => {
          fake.enabled = false;
          calls.push("disable");
          return {};
        },
        userList: () => ({ users: [...users.keys()].toSorted() }),
        userGet: ({ name }) => ({ roles: user(name) }),
        userAdd: ({ name, options }) => {
          if (users.has(name)) refuse("user name already exists");
          users.set(name, []);
          calls.push(`add user ${name}${options?.noPassword === true ? " without password" : ""}`);
          return {};
        },
        userDelete: ({ name }) => {
          user(name);
          users.delete(name);
          calls.push(`delete user ${name}`);
          return {};
        },
        userChangePassword: ({ name }) => {
          user(name);
          calls.push(`password of ${name}`);
          return {};
        },
        userGrantRole: ({ user: name, role: granted }) => {
          role(granted);
          user(name).push(granted);
          calls.push(`grant ${granted} to ${name}`);
          return {};
        },
        userRevokeRole: ({ name, role: revoked }) => {
          users.set(
            name,
            user(name).filter((one) => one !== revoked),
          );
          calls.push(`revoke ${revoked} from ${name}`);
          return {};
        },
        roleList: () => ({ roles: [...roles.keys()].toSorted() }),
        roleGet: ({ role: name }) => ({ perm: role(name) }),
        roleAdd: ({ name }) => {
          if (roles.has(name)) refuse("role name already exists");
          roles.set(name, []);
          calls.push(`add role ${name}`);
          return {};
        },
        roleDelete: ({ role: name }) => {
          role(name);
          roles.delete(name);
          calls.push(`delete role ${name}`);
          return {};
        },
        roleGrantPermission: ({ name, perm }) => {
          if (perm === undefined) return refuse("permission not given");
          const rest = role(name).filter(
            (one) => !equalBytes(one.key, perm.key) || !equalBytes(one.rangeEnd, perm.rangeEnd),
          );
          roles.set(
            name,
            [...rest, perm].toSorted((a, b) => compareBytes(a.key, b.key)),
          );
          calls.push(`permit ${name}`);
          return {};
        },
        roleRevokePermission: ({ role: name, key, rangeEnd }) => {
          roles.set(
            name,
            role(name).filter((one) => !equalBytes(one.key, key) || !equalBytes(one.rangeEnd, rangeEnd)),
          );
          calls.push(`forbid ${name}`);
          return {};
        },
      });
    },
  };
  return fake;
}
