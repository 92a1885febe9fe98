import { useQueryClient } from "@tanstack/react-query";
import { LogIn } from "lucide-react";
import { useState } from "react";
import type { FormEvent, ReactElement } from "react";
import { useAction, useClients } from "../data/index.js";
import { Button, ErrorNote, TextField, WaitNote } from "../ui/index.js";
import { QuorumRing } from "./quorum-ring.js";
import type { RingState } from "./quorum-ring.js";

const plainRing: RingState = {
  segments: [
    { id: "a", state: "leader" },
    { id: "b", state: "up" },
    { id: "c", state: "up" },
  ],
  quorum: "yes",
  label: "Quorate",
};

/** Stands in place of every screen until the session is logged in; the URL stays, so the person lands where they wanted to go. */
export function LoginPage(): ReactElement {
  const clients = useClients();
  const queries = useQueryClient();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const login = useAction(async () => {
    await clients.console.login({ user, password });
    await queries.invalidateQueries();
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void login.run();
  };
  return (
    <main className="app-login">
      <form onSubmit={submit}>
        <QuorumRing ring={plainRing} size={44} />
        <h1>Quorate console</h1>
        <TextField
          label="User"
          description="admin, unless the console was started with another name."
          name="username"
          autoComplete="username"
          autoFocus
          value={user}
          onChange={setUser}
        />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
        />
        {login.error !== undefined && <ErrorNote error={login.error} />}
        <WaitNote waiting={login.busy} />
        <Button type="submit" variant="primary" icon={<LogIn />} busy={login.busy}>
          Log in
        </Button>
      </form>
    </main>
  );
}
