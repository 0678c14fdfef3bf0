import {
  addDays,
  type Day,
  dayIn,
  dayOf,
  daysInMonth,
  MONTH_ABBREVIATIONS,
  type Month,
  monthOfDay,
  numberOfMonth,
  yearOfMonth,
} from "../calendar";
import type { Reading } from "../reading";

/** The days and values in a note; the text itself is always kept. */
interface Footnote {
  readonly text: string;
  /** The period in the note, limited to the month; undefined where the note names none. */
  readonly period?: { readonly from: Day; readonly to: Day };
  /** Days with estimated values, within the month; they may lie before the period. */
  readonly estimated: readonly Day[];
  /** Whether the values of the period are estimated although the note names no day. */
  readonly estimatedThroughout: boolean;
  /** Whether rain was missed, so that the values of the period are unreliable, zeros included. */
  readonly incomplete: boolean;
}

const DATE = String.raw`(\d{1,2})\/(\d{1,2})`;
const FROM_THROUGH = new RegExp(
  String.raw`\bfrom\s+${DATE}.*?\bthrough\s+(?:${DATE}|the end of the month)`,
  "i",
);
const SINCE_INSTALLED = new RegExp(String.raw`\b(?:installed|established) on\s+${DATE}`, "i");
const NAMED_DAYS = /\bon ([A-Z][a-z]{2})[a-z]*\.? (\d{1,2})-(\d{1,2})\b/;
const ESTIMATE = /\b(?:estimated|assigned)\s+(?:\d+\s*mm|distribution)/i;
const ESTIMATED_DAYS =
  /\b(?:estimated|assigned)\s+(?:\d+\s*mm|distribution of rain)\s+(?:for|to|on)\s+(?:(?:the\s+)?events?\s+(?:of|on)\s+)?((?:the\s+)?\d[\d/,&\s-]*)/i;
const RAIN_MISSED = /\b(?:missed|inaccurate|incomplete|considered down|no estimates? (?:possible|made))/i;

/** Parses a note under the readings of a month; its dates have no year, so the month determines it. */
export function readFootnote(text: string, month: Month): Footnote {
  const period = periodIn(text, month);
  const estimated = estimatedDays(text, month);
  return {
    text,
    ...(period && { period }),
    estimated,
    estimatedThroughout: ESTIMATE.test(text) && !ESTIMATED_DAYS.test(text),
    incomplete: RAIN_MISSED.test(text),
  };
}

/** Attaches a note to the readings of one gauge that it covers, and marks their quality. */
export function annotate(readings: Iterable<Reading>, note: Footnote): void {
  for (const reading of readings) {
    const within = !note.period || (note.period.from <= reading.day && reading.day <= note.period.to);
    const estimated = note.estimated.includes(reading.day);
    if (!within && !estimated) continue;
    reading.footnote = reading.footnote ? `${reading.footnote}\n${note.text}` : note.text;
    if (reading.inches === null) continue;
    if (estimated || (note.estimatedThroughout && reading.inches > 0)) reading.quality = "estimated";
    else if (note.incomplete && within) reading.quality = "incomplete";
  }
}

function periodIn(text: string, month: Month): Footnote["period"] {
  const first = dayIn(month, 1);
  const last = dayIn(month, daysInMonth(month));
  const outage = FROM_THROUGH.exec(text);
  if (outage) {
    const from = nearestDay(outage[1], outage[2], month);
    const to = outage[3] ? nearestDay(outage[3], outage[4], month) : last;
    // An outage that starts and ends in other months and does not overlap this one gives no period here.
    if (from && to && from <= last && to >= first) return { from: max(from, first), to: min(to, last) };
  }
  const installed = SINCE_INSTALLED.exec(text);
  const installedOn = installed && nearestDay(installed[1], installed[2], month);
  if (installedOn && monthOfDay(installedOn) === month) return { from: first, to: installedOn };
  const named = NAMED_DAYS.exec(text);
  if (named && abbreviation(named[1]) === numberOfMonth(month)) {
    const [from, to] = [Number(named[2]), Number(named[3])];
    if (from >= 1 && from <= to && to <= daysInMonth(month))
      return { from: dayIn(month, from), to: dayIn(month, to) };
  }
  return undefined;
}

/** Reads `10/15 & 16`, `12/3-4`, `9/12-13`, `the 15, 16 & 17th`; a day without a month has the month before it. */
function estimatedDays(text: string, month: Month): Day[] {
  const list = ESTIMATED_DAYS.exec(text)?.[1] ?? DAYS_OF_EVENTS.exec(text)?.[1];
  if (!list) return [];
  const days: Day[] = [];
  let current = String(numberOfMonth(month));
  for (const [, monthBefore, from, monthBetween, to] of list.matchAll(DAY_OR_RANGE)) {
    current = monthBefore ?? current;
    const first = nearestDay(current, from, month);
    current = monthBetween ?? current;
    const last = to ? nearestDay(current, to, month) : first;
    if (!first || !last) continue;
    for (let day = first; day <= last && days.length < LONGEST_LIST; day = addDays(day, 1)) {
      if (monthOfDay(day) === month) days.push(day);
    }
  }
  return days;
}

const DAYS_OF_EVENTS = /\bestimated\s+\d+\s*mm for events on ((?:the\s+)?\d[\d/,&\s-]*)/i;
const DAY_OR_RANGE = /(?:(\d{1,2})\/)?(\d{1,2})(?:\s*-\s*(?:(\d{1,2})\/)?(\d{1,2}))?/g;
const LONGEST_LIST = 62;

/** The date nearest to a month: notes refer back and forward across new year. */
function nearestDay(
  monthText: string | undefined,
  dayText: string | undefined,
  near: Month,
): Day | undefined {
  const month = Number(monthText);
  const distance = month - numberOfMonth(near);
  const year = yearOfMonth(near) + (distance > 6 ? -1 : distance < -6 ? 1 : 0);
  return dayOf(year, month, Number(dayText));
}

const abbreviation = (name = ""): number =>
  (MONTH_ABBREVIATIONS as readonly string[]).indexOf(name.toUpperCase()) + 1;
const max = (a: Day, b: Day): Day => (a > b ? a : b);
const min = (a: Day, b: Day): Day => (a < b ? a : b);
