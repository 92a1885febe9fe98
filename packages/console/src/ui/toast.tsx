import { Toast as Base } from "@base-ui/react/toast";
import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { useMemo } from "react";
import type { ReactElement, ReactNode } from "react";
import { describeError } from "../data/errors.js";
import { IconButton } from "./button.js";
import { classNames } from "./class-names.js";
import "./feedback.css";

/** How long a toast stays; errors stay until they are closed. */
const toastMs = 4000;
const toastCountMax = 3;

export interface Toaster {
  readonly success: (title: string, detail?: string) => void;
  readonly info: (title: string, detail?: string) => void;
  /** Says what could not be done and why. */
  readonly failure: (title: string, error: unknown) => void;
}

/** Outcomes of actions whose place is gone from the screen. What has a place reports there instead. */
export function useToast(): Toaster {
  const { add } = Base.useToastManager();
  return useMemo(
    () => ({
      success: (title, detail) => void add({ title, description: detail, type: "good", timeout: toastMs }),
      info: (title, detail) => void add({ title, description: detail, type: "info", timeout: toastMs }),
      failure: (title, error) => {
        const { title: kind, detail } = describeError(error);
        add({ title, description: `${kind}. ${detail}`, type: "bad", timeout: 0, priority: "high" });
      },
    }),
    [add],
  );
}

export function ToastProvider({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <Base.Provider limit={toastCountMax}>
      {children}
      <Base.Portal>
        <Base.Viewport className="q-toasts">
          <Toasts />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function Toasts(): ReactElement[] {
  const { toasts } = Base.useToastManager();
  return toasts.map((toast) => {
    const Icon = toast.type === "bad" ? CircleAlert : toast.type === "good" ? CircleCheck : Info;
    return (
      <Base.Root
        key={toast.id}
        toast={toast}
        className={classNames("q-toast", `tone-${toast.type ?? "info"}`)}
      >
        <Icon size={16} aria-hidden />
        <Base.Content className="q-toast-text">
          <Base.Title className="q-toast-title" render={<div />} />
          <Base.Description className="q-toast-detail" render={<div />} />
        </Base.Content>
        <Base.Close render={<IconButton label="Dismiss" icon={<X />} size="s" tooltip={false} />} />
      </Base.Root>
    );
  });
}
