import type { WsAuthDiagnosis, WsAuthStrategyAnswer } from '../protocol/diagnosis.js';
import { logText } from '../protocol/log-text.js';

/** The end of the line that a refusal logs: ` check=… extractor=… strategy=…`. */
export function diagnosisLine(diagnosis: WsAuthDiagnosis): string {
  const { check, middleware, status, extractor, strategies = [], fields = [] } = diagnosis;
  const facts = [
    ['check', check],
    ['middleware', middleware],
    ['status', status?.toString()],
    ['extractor', extractor],
    ['strategy', listed(strategies.map(answerText))],
    ['fields', listed(fields)],
    ['paths', listed(diagnosis.paths ?? [])],
    ['unread', listed(diagnosis.unread ?? [])],
    ['rejected', listed(rejectedTexts(diagnosis))],
    ['guard', diagnosis.guard],
    ['error', diagnosis.error],
  ] as const;
  return facts.map(([name, value]) => fact(name, value)).join('');
}

/** Both sides of a refused origin: ` origin=… expected=…`. */
export function originLine({ origin }: WsAuthDiagnosis): string {
  return origin ? fact('origin', origin.sent) + fact('expected', listed(origin.expected)) : '';
}

/** What refused a credential that came before: ` rejected=fromCookie,jwt:TokenExpiredError`. */
function rejectedTexts({ rejected }: WsAuthDiagnosis): readonly string[] {
  const { extractor, check, strategies = [] } = rejected ?? {};
  return [extractor, check, ...strategies.map(answerText)].filter((each) => each !== undefined);
}

function answerText({ strategy, answer, check, fault, status }: WsAuthStrategyAnswer): string {
  const detail = check ?? fault ?? status;
  return `${strategy}:${answer}${detail === undefined ? '' : `(${detail})`}`;
}

function listed(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join(',');
}

function fact(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${name}=${logText(value)}`;
}
