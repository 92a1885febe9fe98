import { Checkbox as BaseCheckbox } from "@base-ui/react/checkbox";
import { Select as BaseSelect } from "@base-ui/react/select";
import { Switch as BaseSwitch } from "@base-ui/react/switch";
import { Toggle } from "@base-ui/react/toggle";
import { ToggleGroup } from "@base-ui/react/toggle-group";
import { Check, ChevronsUpDown } from "lucide-react";
import { useId } from "react";
import type { ReactElement, ReactNode } from "react";
import { classNames } from "./class-names.js";
import { Field, noteAttributes } from "./field.js";
import type { FieldProps } from "./field.js";
import "./overlay.css";

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly description?: string | undefined;
  readonly icon?: ReactNode;
}

export interface SelectProps<T extends string> extends FieldProps {
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly options: readonly Option<T>[];
  readonly disabled?: boolean | undefined;
  readonly size?: "m" | "s" | undefined;
  readonly className?: string | undefined;
}

/** One of several that do not fit side by side. */
export function Select<T extends string>(props: SelectProps<T>): ReactElement {
  const {
    label,
    hideLabel,
    description,
    error,
    value,
    onChange,
    options,
    disabled = false,
    size,
    className,
  } = props;
  const id = useId();
  return (
    <Field {...{ id, label, hideLabel, description, error, className }}>
      <BaseSelect.Root
        id={id}
        items={options.map((option) => ({ value: option.value, label: option.label }))}
        value={value}
        onValueChange={(next) => next !== null && onChange(next)}
        disabled={disabled}
        modal={false}
      >
        <BaseSelect.Trigger
          aria-label={label}
          {...noteAttributes(id, props)}
          className={classNames("q-select", size === "s" && "is-small")}
        >
          <BaseSelect.Value />
          <ChevronsUpDown aria-hidden />
        </BaseSelect.Trigger>
        <BaseSelect.Portal>
          <BaseSelect.Positioner className="q-positioner" sideOffset={4} alignItemWithTrigger={false}>
            <BaseSelect.Popup className="q-popup" aria-label={label}>
              {options.map((option) => (
                <BaseSelect.Item key={option.value} value={option.value} className="q-item">
                  {option.icon}
                  <span className="q-item-text">
                    <BaseSelect.ItemText>{option.label}</BaseSelect.ItemText>
                    {option.description !== undefined && (
                      <span className="q-item-hint">{option.description}</span>
                    )}
                  </span>
                  <BaseSelect.ItemIndicator className="q-item-check">
                    <Check size={15} aria-hidden />
                  </BaseSelect.ItemIndicator>
                </BaseSelect.Item>
              ))}
            </BaseSelect.Popup>
          </BaseSelect.Positioner>
        </BaseSelect.Portal>
      </BaseSelect.Root>
    </Field>
  );
}

export interface SegmentedProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly options: readonly Option<T>[];
  readonly className?: string | undefined;
}

/** One of two to five that are worth seeing all at once. Arrow keys move between them. */
export function Segmented<T extends string>({
  label,
  value,
  onChange,
  options,
  className,
}: SegmentedProps<T>): ReactElement {
  return (
    <ToggleGroup
      aria-label={label}
      className={classNames("q-segmented", className)}
      value={[value]}
      onValueChange={([next]) => {
        const chosen = options.find((option) => option.value === next);
        if (chosen !== undefined) onChange(chosen.value);
      }}
    >
      {options.map((option) => (
        <Toggle key={option.value} value={option.value} className="q-segment">
          {option.icon}
          {option.label}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}

export interface SwitchProps {
  readonly label: string;
  readonly description?: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean | undefined;
}

/** Takes effect at once. What waits for a button is a Checkbox. */
export function Switch({
  label,
  description,
  checked,
  onChange,
  disabled = false,
}: SwitchProps): ReactElement {
  return (
    <label className="q-switch-row">
      <BaseSwitch.Root
        className="q-switch"
        checked={checked}
        onCheckedChange={(next) => onChange(next)}
        disabled={disabled}
      >
        <BaseSwitch.Thumb className="q-switch-thumb" />
      </BaseSwitch.Root>
      <span>
        {label}
        {description !== undefined && <span className="q-note">{description}</span>}
      </span>
    </label>
  );
}

export function Checkbox({
  label,
  description,
  checked,
  onChange,
  disabled = false,
}: SwitchProps): ReactElement {
  return (
    <label className="q-switch-row">
      <BaseCheckbox.Root
        className="q-checkbox"
        checked={checked}
        onCheckedChange={(next) => onChange(next)}
        disabled={disabled}
      >
        <BaseCheckbox.Indicator>
          <Check aria-hidden />
        </BaseCheckbox.Indicator>
      </BaseCheckbox.Root>
      <span>
        {label}
        {description !== undefined && <span className="q-note">{description}</span>}
      </span>
    </label>
  );
}
