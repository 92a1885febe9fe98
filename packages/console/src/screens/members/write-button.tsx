import type { ReactElement } from "react";
import type { MayWrite } from "../../data/index.js";
import { Button, Tooltip } from "../../ui/index.js";
import type { ButtonProps } from "../../ui/index.js";

export interface WriteButtonProps extends ButtonProps {
  readonly mayWrite: MayWrite;
}

/**
 * A button for what changes something. Where nothing may be changed it stays reachable by keyboard and pointer, does nothing and says
 * why: a control that is merely grey leaves people guessing.
 */
export function WriteButton({ mayWrite, onClick, ...rest }: WriteButtonProps): ReactElement {
  if (mayWrite.allowed) return <Button {...rest} onClick={onClick} />;
  const button = <Button {...rest} aria-disabled />;
  return mayWrite.reason === undefined ? button : <Tooltip text={mayWrite.reason}>{button}</Tooltip>;
}
