// One small world, as the API would answer it: invented people, names that end in .example. Used by
// unit tests and by e2e/screens.mjs, which runs this file in Node: nothing but what lies beside it is imported at run time.
import type {
  Appeal,
  Case,
  CaseSummary,
  Challenge,
  DueItem,
  EvidenceDetail,
  EvidenceItem,
  Feed,
  Impact,
  LegalGround,
  Me,
  Meta,
  Order,
  OrderHits,
  OrderSummary,
  Overview,
  Provider,
  ProviderChange,
  ProviderDetail,
  Report,
  SeenName,
  TimelineEntry,
} from '../api/types.ts';
import { accounts, changes } from './accounts.ts';
import { gate, publication } from './publication.ts';
import { allow, day, deny, hash, hoa, hour, id, lan, minh, minute, now } from './world.ts';

export { gate, publication } from './publication.ts';
export { id, now } from './world.ts';

export const meta: Meta = {
  authority: { vi: 'Tỉnh Ví Dụ', en: 'Example Province' },
  contact: 'khien@tinh-vi-du.example',
  build: 'test',
  languages: ['vi', 'en'],
  evidence_size_max: 64 * 1024 * 1024,
  address_orders: false,
  categories: [
    { id: 'phishing', order_days_default: 30, order_days_max: 90 },
    { id: 'fraud', order_days_default: 90, order_days_max: 180 },
    { id: 'malware', order_days_default: 60, order_days_max: 180 },
    { id: 'unlawful-gambling', order_days_default: 90, order_days_max: 180 },
    { id: 'spam', order_days_default: 30, order_days_max: 90 },
    { id: 'intrusion', order_days_default: 30, order_days_max: 90 },
    { id: 'child-abuse', order_days_default: 365, order_days_max: 365 },
    { id: 'intimate-abuse', order_days_default: 90, order_days_max: 180 },
    { id: 'illegal-trade', order_days_default: 90, order_days_max: 180 },
    { id: 'threats', order_days_default: 30, order_days_max: 90 },
  ],
};

export const me: Me = {
  account: lan,
  login: 'lan',
  unit: 'Phòng An ninh mạng',
  roles: ['analyst', 'approver', 'duty_operator'],
  rights: [
    'case.read',
    'case.assign',
    'order.read',
    'order.approve',
    'order.draft',
    'appeal.read',
    'feed.read',
    'feed.propose',
    'new_name.read',
    'publication.decide',
    'publication.read',
    'provider.read',
    'account.read',
    'account.change',
    'account.create',
  ],
  factors: ['totp', 'webauthn'],
  email: 'lan@khien.example',
  language: 'vi',
  password_is_temporary: false,
  csrf_token: 'token-of-the-test',
  expires_at_ms: now + 8 * hour,
};

export const overview: Overview = {
  cases_new: 12,
  cases_mine: 3,
  orders_waiting: 2,
  orders_lapsing: 4,
  lifts_proposed: 2,
  due_soon: 3,
  appeals_open: 1,
  destructions_waiting: 1,
  changes_pending: 1,
};

const names = [
  'dang-nhap.ngan-hang-vi-du.example',
  'qua-tang-tri-an.example',
  'viec-nhe-luong-cao.example',
  'cap-nhat-can-cuoc.example',
  'cho-thuoc-gia.example',
  'xn--ngn-hng-5ta0b.example',
];
const states: CaseSummary['state'][] = [
  'open',
  'triaged',
  'assessing',
  'acting',
  'monitoring',
  'closed',
];

export const cases: CaseSummary[] = names.map((name, index) => ({
  id: id('case', index + 1),
  number: `NB-26-00421${index}-K`,
  version: 3,
  title: name,
  state: states[index] ?? 'open',
  category: index === 2 ? null : index % 2 === 0 ? 'phishing' : 'fraud',
  score: 0.94 - index / 10,
  report_count: index === 0 ? 1284 : 3 + index,
  reports_waiting: index === 0 ? 2 : 0,
  subject_count: 3,
  main_subject: name,
  assignee: index % 2 === 0 ? lan : null,
  due_at_ms: now + (index - 1) * 90 * minute,
  due_kind: 'screen',
  opened_at_ms: now - (index + 1) * 3 * hour,
  changed_at_ms: now - (index * 47 + 2) * minute,
}));

export const reports: Report[] = [
  {
    id: id('rep', 1),
    version: 1,
    case_id: id('case', 1),
    state: 'received',
    channel: 'web',
    text: 'Tôi nhận được tin nhắn “Tài khoản của bạn bị khóa, xác minh tại http://dang-nhap.ngan-hang-vi-du.example/otp”. Trang giống hệt trang ngân hàng.',
    has_contact: true,
    received_at_ms: now - 12 * minute,
    actions: allow('report.triage'),
  },
  {
    id: id('rep', 2),
    version: 2,
    case_id: id('case', 1),
    state: 'linked',
    channel: 'officer',
    text: 'Bà con ở xã gọi đến báo cùng đường dẫn, đã mất 12 triệu đồng.',
    category: 'phishing',
    received_at_ms: now - 3 * hour,
  },
];

export const evidence: EvidenceItem[] = [
  {
    id: id('evi', 1),
    case_id: id('case', 1),
    kind: 'screenshot',
    file_name: 'anh-chup-trang-dang-nhap.png',
    media_type: 'image/png',
    size: 482_113,
    sha256: hash('9f86d081'),
    holds: 0,
    destroyed: false,
    note: 'Chụp lúc 9 giờ 40 trên điện thoại của người báo',
    added_at_ms: now - 10 * minute,
    added_by: lan,
  },
  {
    id: id('evi', 2),
    case_id: id('case', 1),
    kind: 'report_text',
    file_name: 'tin-bao.txt',
    media_type: 'text/plain',
    size: 214,
    sha256: hash('2c26b46b'),
    holds: 0,
    destroyed: false,
    added_at_ms: now - 12 * minute,
    added_by: null,
  },
];

export const evidenceDetail: EvidenceDetail = {
  ...(evidence[0] as EvidenceItem),
  custody: [
    { event: 'received', at_ms: now - 10 * minute, actor: lan, reason: '' },
    { event: 'verified', at_ms: now - 5 * minute, actor: null, reason: '' },
  ],
  destruction: null,
  actions: allow('evidence.download', 'evidence.hold', 'evidence.destroy'),
};

/** Asked for by somebody else; I may confirm it. */
export const askedDestruction: EvidenceDetail = {
  ...evidenceDetail,
  destruction: {
    id: id('des', 1),
    reason: 'Hết thời hạn lưu',
    asked_by: minh,
    asked_at_ms: now - hour,
  },
  actions: [
    ...allow('evidence.download', 'evidence.confirm_destruction'),
    deny('evidence.destroy', 'already_asked'),
  ],
};

const due: DueItem[] = [
  {
    kind: 'screen',
    record: 'report',
    record_id: id('rep', 1),
    case_id: id('case', 1),
    title: 'dang-nhap.ngan-hang-vi-du.example',
    due_at_ms: now - 5 * minute,
  },
  {
    kind: 'enforce',
    record: 'order',
    record_id: id('ord', 1),
    case_id: id('case', 1),
    title: 'dang-nhap.ngan-hang-vi-du.example',
    due_at_ms: now + 12 * minute,
  },
];

export const impact: Impact = {
  name: 'dang-nhap.ngan-hang-vi-du.example',
  display: 'dang-nhap.ngan-hang-vi-du.example',
  scope: 'host',
  registrable_domain: 'ngan-hang-vi-du.example',
  covers: ['dang-nhap.ngan-hang-vi-du.example'],
  verdict: 'caution',
  summary: {
    vi: 'Có thể ra lệnh, nhưng cần xem kỹ các lưu ý.',
    en: 'It can be ordered; read the cautions.',
  },
  findings: [
    {
      rule: 'leaves_below',
      severity: 'info',
      text: {
        vi: 'Phạm vi “máy chủ” chỉ chặn đúng tên này; các tên bên dưới vẫn truy cập được.',
        en: 'Scope “host” blocks exactly this name; names below it stay reachable.',
      },
    },
    {
      rule: 'names_below',
      severity: 'caution',
      text: {
        vi: 'Đã thấy 3 tên bên dưới không bị chặn.',
        en: '3 names seen below stay reachable.',
      },
      source: 'Quan sát của hệ thống, 2026-11-23',
    },
  ],
  rank: null,
  names_below: 3,
  checked_at_ms: now - 4 * minute,
  digest: hash('5d41402a'),
};

export const refusedImpact: Impact = {
  ...impact,
  name: 'com.vn',
  display: 'com.vn',
  registrable_domain: undefined,
  covers: ['com.vn'],
  verdict: 'refuse',
  summary: { vi: 'Không thể ra lệnh với tên này.', en: 'This name cannot be ordered.' },
  findings: [
    {
      rule: 'public_suffix',
      severity: 'refuse',
      text: {
        vi: '“com.vn” là đuôi tên miền do nhà đăng ký quản lý; chặn nó là chặn mọi tên miền bên dưới.',
        en: '“com.vn” is a suffix run by a registry; blocking it blocks everybody below it.',
      },
      source: 'publicsuffix.org, 2026-10-01, MPL-2.0',
    },
  ],
};

export const ground: LegalGround = {
  id: id('gro', 1),
  title: { vi: 'Luật mẫu về an ninh mạng', en: 'Sample cybersecurity law' },
  article: 'Điều 12',
  categories: ['phishing', 'fraud'],
  valid_from_ms: Date.UTC(2026, 6, 1),
};

export const orders: OrderSummary[] = [
  {
    id: id('ord', 1),
    number: 'NB-26-L000007-3',
    version: 4,
    case_id: id('case', 1),
    category: 'phishing',
    name: 'dang-nhap.ngan-hang-vi-du.example',
    display: 'dang-nhap.ngan-hang-vi-du.example',
    scope: 'host',
    state: 'proposed',
    in_force: false,
    emergency: false,
    signatures_needed: 2,
    impact_verdict: 'caution',
    proposed_by: minh,
    proposed_at_ms: now - 20 * minute,
    valid_until_ms: now + 30 * day,
    changed_at_ms: now - 20 * minute,
  },
  {
    id: id('ord', 2),
    number: 'NB-26-L000005-1',
    version: 6,
    case_id: id('case', 4),
    category: 'fraud',
    name: 'xn--cp-nht-cn-cc-example.example',
    display: 'cập-nhật-căn-cước.example',
    scope: 'domain',
    state: 'enforced',
    in_force: true,
    emergency: false,
    signatures_needed: 2,
    impact_verdict: 'clear',
    proposed_by: hoa,
    proposed_at_ms: now - 2 * day,
    valid_from_ms: now - 2 * day,
    valid_until_ms: now + 5 * day,
    recheck_at_ms: now + 5 * day,
    changed_at_ms: now - 2 * day,
  },
  {
    id: id('ord', 3),
    number: 'NB-26-L000006-7',
    version: 2,
    case_id: id('case', 3),
    category: 'malware',
    name: 'cai-ung-dung.example',
    display: 'cai-ung-dung.example',
    scope: 'host',
    state: 'published',
    in_force: true,
    emergency: true,
    signatures_needed: 2,
    impact_verdict: 'serious',
    proposed_by: minh,
    proposed_at_ms: now - hour,
    valid_from_ms: now - hour,
    valid_until_ms: now + 3 * hour,
    changed_at_ms: now - hour,
  },
];

const [proposedSummary, enforcedSummary] = orders as [OrderSummary, OrderSummary, OrderSummary];

export const proposedOrder: Order = {
  ...proposedSummary,
  case_number: 'NB-26-004210-K',
  ground,
  reason:
    'Trang giả mạo trang đăng nhập ngân hàng để lấy mã OTP; 1.284 tin báo trong một ngày, có người đã mất tiền.',
  evidence,
  impact,
  impact_fresh: true,
  signatures: [
    {
      move: 'propose',
      person: minh,
      unit: 'Phòng An ninh mạng',
      method: 'webauthn',
      digest: hash('b94d27b9'),
      at_ms: now - 20 * minute,
    },
  ],
  enforcement: [],
  deadlines: [
    { kind: 'approve', record: 'order', record_id: id('ord', 1), due_at_ms: now + 40 * minute },
  ],
  proof_state: 'pending',
  actions: allow('order.approve', 'order.return', 'order.refuse'),
};

export const enforcedOrder: Order = {
  ...proposedOrder,
  ...enforcedSummary,
  impact: {
    ...impact,
    verdict: 'clear',
    findings: [],
    scope: 'domain',
    covers: ['a.example', '*.a.example'],
  },
  signatures: [
    ...proposedOrder.signatures,
    {
      move: 'approve',
      person: lan,
      unit: 'Sở Ví Dụ',
      method: 'totp',
      digest: hash('7e240de7'),
      at_ms: now - 2 * day,
    },
  ],
  enforcement: [
    { place: 'khien-dnsd', state: 'verified', serial: 41, changed_at_ms: now - 2 * day },
    { place: 'unbound', state: 'applied', serial: 41, changed_at_ms: now - 2 * day },
  ],
  proof_state: 'integrated',
  actions: allow('order.lift', 'order.suspend'),
};

export const ownOrder: Order = {
  ...proposedOrder,
  proposed_by: lan,
  actions: [deny('order.approve', 'own_order')],
};

export const oneCase: Case = {
  ...(cases[0] as CaseSummary),
  deadlines: [
    { kind: 'screen', record: 'report', record_id: id('rep', 1), due_at_ms: now - 5 * minute },
  ],
  score_reasons: [
    {
      detector: 'lookalike',
      text: {
        vi: 'Tên gần giống “ngan-hang-vi-du.example”: thêm từ “dang-nhap”.',
        en: 'The name imitates “ngan-hang-vi-du.example”: the word “dang-nhap” was added.',
      },
      weight: 0.6,
    },
    {
      detector: 'campaign',
      text: {
        vi: '1.284 tin báo gần giống nhau trong 24 giờ.',
        en: '1,284 near-duplicate reports in 24 hours.',
      },
      weight: 0.3,
    },
  ],
  subjects: [
    {
      id: id('sub', 1),
      kind: 'host',
      value: 'dang-nhap.ngan-hang-vi-du.example',
      display: 'dang-nhap.ngan-hang-vi-du.example',
      registrable_domain: 'ngan-hang-vi-du.example',
      verdict: 'suspected',
      version: 1,
      case_count: 1,
    },
    {
      id: id('sub', 2),
      kind: 'url',
      value: 'http://dang-nhap.ngan-hang-vi-du.example/otp',
      display: 'http://dang-nhap.ngan-hang-vi-du.example/otp',
      verdict: 'unknown',
      version: 1,
    },
    {
      id: id('sub', 3),
      kind: 'phone',
      value: '+84900000000',
      display: '0900 000 000',
      verdict: 'confirmed',
      verdict_reason: 'Trùng với vụ việc đã kết luận',
      version: 2,
      case_count: 4,
    },
  ],
  reports,
  evidence,
  orders: [proposedSummary],
  actions: allow(
    'case.edit',
    'case.assign',
    'case.close',
    'case.comment',
    'report.triage',
    'subject.verdict',
    'evidence.add',
    'order.draft',
  ),
};

export const timeline: TimelineEntry[] = [
  { id: '4', at_ms: now - 10 * minute, kind: 'evidence.added', actor: lan, text: '' },
  {
    id: '3',
    at_ms: now - 11 * minute,
    kind: 'comment',
    actor: minh,
    text: 'Đã gọi ngân hàng xác nhận đây không phải trang của họ.',
  },
  { id: '2', at_ms: now - 12 * minute, kind: 'report.received', actor: null, text: '' },
  { id: '1', at_ms: now - 3 * hour, kind: 'case.opened', actor: null, text: '' },
];

export const challenge: Challenge = {
  id: id('cha', 1),
  move: 'approve',
  canonical: '{"category":"phishing","name":"dang-nhap.ngan-hang-vi-du.example","scope":"host"}',
  digest: hash('c0ffee12'),
  impact,
  factors: ['totp', 'webauthn'],
  webauthn: {
    challenge: 'wP_uEsD_7hLA_-4SwP_uEsD_7hLA_-4SwP_uEsD_7hI',
    rpId: 'localhost',
    allowCredentials: [],
    userVerification: 'required',
  },
  expires_at_ms: now + 5 * minute,
};

export const appeals: Appeal[] = [
  {
    id: id('app', 1),
    version: 1,
    state: 'lodged',
    order: enforcedSummary,
    text: 'Trang của tôi bị chiếm quyền tuần trước. Tôi đã gỡ nội dung giả mạo và đổi mật khẩu, xin gỡ chặn.',
    contact: 'chu-trang@cua-hang.example',
    lodged_at_ms: now - 5 * hour,
    answer_due_ms: now + 19 * hour,
    actions: allow('appeal.decide'),
  },
];

export const feeds: Feed[] = [
  {
    id: id('feed', 1),
    version: 2,
    state: 'active',
    name: 'Danh sách lừa đảo cộng đồng',
    source: 'https://lists.example/phishing.txt',
    format: 'domains',
    category: 'phishing',
    scope: 'host',
    column: '0',
    licence: 'CC BY 4.0',
    entries: 48_211,
    entries_max: 100_000,
    change_max_percent: 10,
    interval_s: 3600,
    proposed_by: minh,
    approved_by: lan,
    valid_until_ms: now + 60 * day,
    last_run: {
      id: '1',
      state: 'applied',
      started_at_ms: now - 30 * minute,
      ended_at_ms: now - 29 * minute,
      counts: {
        read: 52_004,
        added: 311,
        removed: 92,
        duplicate: 1_022,
        redundant: 2_460,
        refused: 311,
        refused_reasons: { never_block: 12, not_a_host: 299 },
      },
    },
    actions: allow('feed.run', 'feed.suspend'),
  },
  {
    id: id('feed', 2),
    version: 1,
    state: 'proposed',
    name: 'Mã độc quốc tế',
    source: 'malware-hosts.txt',
    format: 'hosts',
    category: 'malware',
    scope: 'host',
    column: '0',
    entries: 0,
    entries_max: 20_000,
    proposed_by: lan,
    approved_by: null,
    valid_until_ms: now + 90 * day,
    actions: [deny('feed.approve', 'own_feed')],
  },
];

/** The last 30 days of Vietnam up to `now`, with a quiet beginning and one busy day. */
export const orderHits: OrderHits = {
  total: 1_860,
  last_hour_ms: now - 2 * hour,
  days: Array.from({ length: 30 }, (_, index) => ({
    from_ms: now - 10 * hour - (29 - index) * day,
    hits: index < 12 ? 0 : index === 20 ? 640 : 20 + ((index * 37) % 90),
  })),
  resolvers: 2,
};

export const newNames: SeenName[] = [
  {
    name: 'xn--ngn-hng-khn-cp-kgb2a9460k7ba.example',
    display: 'ngân-hàng-khẩn-cấp.example',
    first_told_ms: now - 2 * hour,
    resolvers: ['dns-tinh', 'dns-truong'],
    networks: 1_240,
  },
  {
    name: 'nhan-qua-ngay.example',
    display: 'nhan-qua-ngay.example',
    first_told_ms: now - day,
    resolvers: ['dns-tinh'],
    networks: 12,
  },
];

export const providers: Provider[] = [
  {
    id: id('prv', 1),
    name: 'nha-mang-a',
    title: 'Nhà mạng A',
    kind: 'isp',
    due_minutes: 120,
    lift_due_minutes: 60,
    blocks: [
      { verdict: 'not_enforced', count: 2 },
      { verdict: 'enforced', count: 48 },
      { verdict: 'unseen', count: 3 },
    ],
    blocks_enforced: 48,
    blocks_judged: 50,
    share_enforced: 0.96,
    lifts_pending: 1,
    block_times: { count: 48, p50_s: 90, p95_s: 2_400, p99_s: 10_800 },
    lift_times: { count: 0 },
    canaries_blocked: 0,
    probes: [
      {
        name: 'may-xa-a',
        enrolled_at_ms: now - 20 * day,
        heard_at_ms: now - hour / 12,
        quiet: false,
        line: 'good',
        program: 'khien-probe 0.1.0',
      },
    ],
    task: {
      id: id('tsk', 1),
      version: 3,
      state: 'disputed',
      opened_at_ms: now - 2 * hour,
      due_at_ms: now + hour,
      answered_at_ms: now - hour,
      answer: 'Chúng tôi đo lúc 9 giờ: đã chặn',
      items: 2,
      items_open: 2,
    },
  },
  {
    id: id('prv', 2),
    name: 'truong-hoc',
    title: 'Trường học',
    kind: 'school',
    due_minutes: 30,
    lift_due_minutes: 30,
    blocks: [{ verdict: 'unseen', count: 53 }],
    blocks_enforced: 0,
    blocks_judged: 0,
    lifts_pending: 0,
    block_times: { count: 0 },
    lift_times: { count: 0 },
    canaries_blocked: 0,
    probes: [],
  },
];

const providerCheck = {
  order_id: id('ord', 3),
  order_number: 'NB-2026-0003',
  name: 'xn--ngn-hng-khn-cp-kgb2a9460k7ba.example',
  display: 'ngân-hàng-khẩn-cấp.example',
  category: 'phishing',
  expected: 'blocked' as const,
  changed_at_ms: now - 3 * hour,
};

export const oneProvider: ProviderDetail = {
  ...(providers[0] as Provider),
  resolvers: ['192.0.2.53:53', '192.0.2.54:53'],
  problems: [
    {
      ...providerCheck,
      verdict: 'not_enforced',
      since_ms: now - 4 * hour,
      seen_at_ms: now - hour / 12,
    },
  ],
};

export const providerChanges: ProviderChange[] = [
  { ...providerCheck, verdict: 'not_enforced', has_statement: true },
  {
    ...providerCheck,
    verdict: 'enforced',
    changed_at_ms: now - 30 * day,
    has_statement: false,
  },
];

const page = <T>(items: T[]) => ({ items, next_cursor: null });

/** Answers by method and path, ids replaced by `*`. What is not here is 404. */
export const answers: Record<string, unknown> = {
  'GET /api/v1/meta': meta,
  'GET /api/v1/session': me,
  'GET /api/v1/session/factors': {
    items: [
      {
        id: id('fac', 1),
        kind: 'webauthn',
        name: 'Máy tính cơ quan',
        created_at_ms: now - 90 * day,
      },
      { id: id('fac', 2), kind: 'totp', name: 'Điện thoại', created_at_ms: now - 20 * day },
    ],
  },
  'GET /api/v1/overview': overview,
  'GET /api/v1/cases': { items: cases, next_cursor: 'page-2' },
  'GET /api/v1/cases/*': oneCase,
  'GET /api/v1/cases/*/timeline': page(timeline),
  'GET /api/v1/deadlines': { items: due },
  'GET /api/v1/evidence/*': evidenceDetail,
  'GET /api/v1/evidence-destructions': { items: [askedDestruction] },
  'GET /api/v1/legal-grounds': { items: [ground] },
  'POST /api/v1/impact': impact,
  'GET /api/v1/orders': page(orders),
  'GET /api/v1/orders/waiting': page([proposedSummary]),
  'GET /api/v1/orders/lapsing': page(orders.slice(1)),
  'GET /api/v1/orders/*/rechecks': { enabled: true, looks: [], proposals: [] },
  'GET /api/v1/rechecks/proposals': { enabled: true, total: 0, items: [] },
  'GET /api/v1/rechecks/entries': page([]),
  'GET /api/v1/orders/*': proposedOrder,
  'GET /api/v1/orders/*/hits': orderHits,
  'GET /api/v1/orders/*/providers': {
    items: [
      {
        ...providerCheck,
        verdict: 'over_enforced',
        since_ms: now - 4 * hour,
        seen_at_ms: now - hour,
        provider_id: id('prv', 1),
        provider: 'Nhà mạng A',
      },
    ],
  },
  'GET /api/v1/providers': { items: providers },
  'GET /api/v1/providers/*': oneProvider,
  'GET /api/v1/providers/*/changes': page(providerChanges),
  'POST /api/v1/orders/*/challenge': challenge,
  'GET /api/v1/appeals': page(appeals),
  'GET /api/v1/appeals/*': appeals[0],
  'GET /api/v1/feeds': { items: feeds },
  'GET /api/v1/new-names': page(newNames),
  'GET /api/v1/publication': publication,
  'GET /api/v1/publication/gate': gate,
  'GET /api/v1/accounts': { items: accounts },
  'GET /api/v1/account-changes': page(changes),
  'GET /api/v1/cases/assignees': { items: [lan, minh] },
  'GET /api/v1/mail': {
    set_up: true,
    waiting: 1,
    undelivered: 2,
    signers: 3,
    signers_without_address: 1,
  },
};

/** The key of `answers` for a request. */
export function answerKey(method: string, path: string): string {
  return `${method} ${path.replaceAll(/\/[0-9A-HJKMNP-TV-Z]{26}(?=\/|$)/g, '/*')}`;
}
