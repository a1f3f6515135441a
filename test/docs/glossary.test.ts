/** The glossary defines each term once, in order, and defines every word that the code stores or shows as a state. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { actionRequester, actionState, actionType, wipeTarget } from '#domain/actions/action';
import { access, approval, client, match, presence, verdictName } from '#domain/devices/device';
import { failureKind } from '#domain/devices/source';
import { enrolmentFeed, mailConfiguration } from '#domain/enrolment/enrolment';
import { guardKind } from '#domain/quarantine/guard';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { entriesOf, groupsOf } from './glossary-page.ts';

const page = readFileSync('docs/glossary.md', 'utf8');
const entries = entriesOf(page);
const terms = entries.map(({ term }) => term);
const sources = runtimeConfiguration.shape.sources.element.options;

test('the page has groups, and each entry is in one of them', () => {
  expect(entries.length).toBeGreaterThan(80);
  expect(new Set(entries.map(({ group }) => group))).toEqual(new Set(groupsOf(page)));
});

test('no term is defined twice', () => {
  const lower = terms.map((term) => term.toLowerCase());
  expect(lower.filter((term, index) => lower.indexOf(term) !== index)).toEqual([]);
});

test.each(groupsOf(page))('terms are in alphabetical order: %s', (group) => {
  const own = entries.filter((entry) => entry.group === group).map(({ term }) => term.toLowerCase());
  expect(own).toEqual(own.toSorted((one, other) => one.localeCompare(other, 'en')));
});

test('the contents at the top list the groups in their order', () => {
  expect([...page.matchAll(/^- \[(.+)\]\(#/gm)].map(([, group]) => group)).toEqual(groupsOf(page));
});

describe('each word of the code is an entry', () => {
  test.each([
    ['verdict', verdictName.options],
    ['action', actionType.options],
    ['state', actionState.options],
  ])('%s', (what, words) => {
    expect(terms.filter((term) => term.endsWith(` (${what})`))).toEqual(words.map((word) => `${word} (${what})`).toSorted());
  });

  test.each([
    ['presence', presence.options],
    ['kind of source', sources.map(({ shape }) => shape.kind.value)],
  ])('%s', (_, words) => {
    expect(words.filter((word) => !terms.includes(word))).toEqual([]);
  });
});

describe('each value is named in the entry of its term', () => {
  test.each([
    ['access', access.options],
    ['approval', approval.options],
    ['client', client.options],
    ['enforcement', sources.flatMap(({ shape }) => shape.enforcement.unwrap().options)],
    ['enrolment feed', enrolmentFeed.options],
    ['failure kind', failureKind.options],
    ['guard', guardKind.options],
    ['mail configuration', mailConfiguration.options],
    ['match', match.shape.kind.options],
    ['requester', actionRequester.shape.kind.options],
    ['wipe (action)', wipeTarget.options],
  ])('%s', (term, values) => {
    const says = entries.find((entry) => entry.term === term)?.says ?? '';
    expect(values.filter((value) => !says.includes(`\`${value}\``))).toEqual([]);
  });
});

test('the page parser finds groups, terms and wrapped lines', () => {
  const lines = ['# Glossary', '## First', '- **one**: a', '  b.', '', '## Second', '- **two (x)**: c.'];
  expect(entriesOf(lines.join('\n'))).toEqual([
    { group: 'First', term: 'one', says: 'a b.' },
    { group: 'Second', term: 'two (x)', says: 'c.' },
  ]);
});
