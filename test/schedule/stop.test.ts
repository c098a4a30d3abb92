import { describe, expect, it } from 'vitest';
import { phaseEnd } from '../../src/schedule/stop.js';

const S = 1e9;

describe('a phase', () => {
  it.each([
    { durationNs: 60 * S, graceNs: 30 * S, issueUntilNs: 60 * S, cutAtNs: 90 * S },
    { durationNs: 60 * S, graceNs: 0, issueUntilNs: 60 * S, cutAtNs: 60 * S },
    { durationNs: 60 * S, graceNs: Infinity, issueUntilNs: 60 * S, cutAtNs: Infinity },
    { durationNs: undefined, graceNs: 30 * S, issueUntilNs: Infinity, cutAtNs: Infinity },
    { durationNs: undefined, graceNs: 0, issueUntilNs: Infinity, cutAtNs: Infinity },
  ])('of $durationNs ns with $graceNs ns of grace issues until $issueUntilNs and ends at $cutAtNs', (row) => {
    const { durationNs, graceNs, issueUntilNs, cutAtNs } = row;
    expect(phaseEnd({ durationNs, graceNs })).toEqual({ issueUntilNs, cutAtNs });
  });
});
