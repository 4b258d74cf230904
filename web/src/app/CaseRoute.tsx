// The case screen with the parts that other features own: reports, evidence and orders.
import { useParams } from '@tanstack/react-router';
import { CaseScreen } from '@/features/cases/CaseScreen';
import { Evidence } from '@/features/evidence/Evidence';
import { CaseImpact } from '@/features/orders/CaseImpact';
import { isUndecided, ReportCard } from '@/features/reports/ReportCard';

export function CaseRoute() {
  const { caseId } = useParams({ from: '/officer/cases/$caseId' });
  return (
    <CaseScreen
      id={caseId}
      renderReport={(report, record) => (
        <ReportCard report={report} withKeys={record.reports.find(isUndecided) === report} />
      )}
      renderEvidence={(record) => <Evidence record={record} />}
      renderImpact={(record) => <CaseImpact record={record} />}
    />
  );
}
