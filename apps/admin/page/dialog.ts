import { h } from 'preact';
import type { ComponentChild, ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Props {
  title: string;
  /** What the button says that does it. */
  action: string;
  onDo: () => void;
  onClose: () => void;
  children?: ComponentChildren;
}

/** Asks before something is changed. Escape and the other button leave everything as it is. */
export function Dialog({ title, action, onDo, onClose, children }: Props): ComponentChild {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return h(
    'dialog',
    { ref: dialog, onClose, 'aria-label': title },
    h('h2', {}, title),
    children,
    h(
      'p',
      { class: 'actions' },
      h('button', { onClick: onClose }, 'Leave it'),
      h('button', { class: 'danger', onClick: () => (onClose(), onDo()) }, action),
    ),
  );
}
