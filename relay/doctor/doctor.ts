/** `relay doctor`: checks everything that has to be right, one line each. Exit code 0 when nothing is broken, else 1. */
import type { AddCommands, PlaceOptions } from '../cli/command-line.ts';
import { timingOverrides } from '../run/timing-overrides.ts';
import { checks } from './checks.ts';
import { doctorContextOf } from './doctor-context.ts';
import { lineOf, reportOf, verdictOf } from './format-finding.ts';
import { type CheckResult, runChecks } from './run-checks.ts';

/** Longer than any single step takes on a slow line, much shorter than the relay's own limits. */
const longestMs = 15_000;

export const addDoctor: AddCommands = ({ command, places, print }) => {
  command('doctor', 'finds what keeps the relay from working, and says what to do; changes nothing')
    .option('--json', 'as JSON')
    .action(async (options: PlaceOptions & { json?: boolean }) => {
      const timeoutMs = Math.min(longestMs, timingOverrides(process.env).openMs);
      const context = doctorContextOf({
        places: places(options),
        environment: process.env,
        platform: process.platform,
        timeoutMs,
      });
      const found: CheckResult[] = [];
      for await (const one of runChecks(checks, context)) {
        found.push(one);
        if (!options.json) print(lineOf(one));
      }
      const report = reportOf(found);
      print(options.json ? JSON.stringify(report, null, 2) : verdictOf(found));
      // Anything still running (a program that hangs, a socket) is not waited for.
      process.exit(report.well ? 0 : 1);
    });
};
