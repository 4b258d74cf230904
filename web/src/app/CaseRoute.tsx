// The case screen with the parts that other features own: reports and orders.
import { useParams } from '@tanstack/react-router';
import { CaseScreen } from '@/features/cases/CaseScreen';
import { CaseImpact } from '@/features/orders/CaseImpact';
import { ReportCard } from '@/features/reports/ReportCard';

export function CaseRoute() {
  const { caseId } = useParams({ from: '/officer/cases/$caseId' });
  return (
    <CaseScreen
      id={caseId}
      renderReport={(report) => <ReportCard report={report} />}
      renderImpact={(record) => <CaseImpact record={record} />}
    />
  );
}
