/**
 * The console's components: what screens are made of. Each file's types say what a component promises.
 *
 * - They hold no data of the cluster and know no routes; values come in, events go out.
 * - Every control has a name for assistive technology: `label` is required, `hideLabel` only hides it from the eye.
 * - Colour comes from the tokens (src/styles/tokens.css) and never carries meaning alone.
 * - Screens add their own rules in `@layer screens`, with the screen's name in front of each class.
 */
export { Button, IconButton } from "./button.js";
export type { ButtonProps, ButtonVariant, IconButtonProps } from "./button.js";
export { Checkbox, Segmented, Select, Switch } from "./choice.js";
export type { Option } from "./choice.js";
export { classNames } from "./class-names.js";
export { CopyAs, CopyButton, copyText } from "./copy.js";
export { ConfirmDialog, Dialog } from "./dialog.js";
export type { ConfirmDialogProps, DialogProps } from "./dialog.js";
export { Badge, Callout, EmptyState, ErrorNote, ErrorState } from "./feedback.js";
export type { Tone } from "./feedback.js";
export { Field, TextArea, TextField, noteAttributes } from "./field.js";
export { KeyText } from "./key-text.js";
export { DescriptionList, Kbd, Page, PageHeader, Panel, Stat, Stats } from "./layout.js";
export type { DescriptionItem } from "./layout.js";
export { Menu } from "./menu.js";
export type { MenuItem } from "./menu.js";
export { Bytes, Duration, Num, TimeAgo, useNow } from "./quantity.js";
export { Skeleton } from "./skeleton.js";
export { Splitter } from "./splitter.js";
export { Table } from "./table.js";
export type { Column } from "./table.js";
export { Tabs } from "./tabs.js";
export { ToastProvider, useToast } from "./toast.js";
export type { Toaster } from "./toast.js";
export { Tooltip } from "./tooltip.js";
export { useReturnFocus } from "./use-return-focus.js";
export { VirtualList } from "./virtual-list.js";
export { Spinner } from "./spinner.js";
export { WaitNote, WaitReason } from "./wait-note.js";
