// Why a held change is not let through, or a trial ended: the reason is kept with its orders.
import { ReasonDialog } from '@/ui/ReasonDialog';
import { useGateAct } from './useGateAct';

export function RejectDialog({
  id,
  title,
  explanation,
  onClose,
}: {
  id: number;
  title: string;
  explanation: string;
  onClose: () => void;
}) {
  const act = useGateAct();
  return (
    <ReasonDialog
      title={title}
      explanation={explanation}
      confirm={title}
      error={act.error}
      busy={act.isPending}
      opened
      onClose={onClose}
      onConfirm={(reason) => act.mutate({ kind: 'reject', id, reason }, { onSuccess: onClose })}
    />
  );
}
