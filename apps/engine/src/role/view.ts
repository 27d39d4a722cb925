import { refusalText } from '../trouble.ts';
import { isReadable } from './state.ts';
import type { RoleState } from './state.ts';

/** What clients are told, as it follows from the state alone. */
export interface RoleView {
  /** As INFO and ROLE name it. */
  readonly role: 'master' | 'slave';
  /** The data set stands still but for the log: writes are refused, nothing expires by itself. */
  readonly slave: boolean;
  /** There is no data set that readers may see. */
  readonly loading: boolean;
  /** Why writes are refused whatever the log says, or ''. */
  readonly writeRefusal: string;
  /** What is answered in place of LOADING, or ''. */
  readonly dataRefusal: string;
}

const BEGINNING = 'MISCONF The log lost what it had; a new one is being begun from the data set of this node';

export function viewOf(state: RoleState): RoleView {
  const { kind, errand, held, trouble } = state;
  const role = errand.kind === 'follow' ? 'slave' : 'master';
  const isKept = trouble !== null && isReadable(held);
  const refusal = trouble === null ? '' : refusalText(trouble, isKept);
  const isLeading = kind === 'leading' || kind === 'saving';
  return {
    role,
    // In trouble it stands still: nothing expires and nothing is evicted, since no log would have that.
    // Where the data set is served already on the way to leading, it was followed with.
    slave: errand.kind !== 'lead' || (!isLeading && (isKept || (state.isServed && kind !== 'leaving'))),
    loading: !state.isServed && !isKept,
    writeRefusal: role === 'slave' ? '' : refusal !== '' ? refusal : isBegunInsteadOfLost(state) ? BEGINNING : '',
    dataRefusal: refusal,
  };
}

function isBegunInsteadOfLost({ errand }: RoleState): boolean {
  return errand.kind === 'begin' && (errand.why === 'lost' || errand.why === 'repaired');
}
