/** A refusal by servers whose cause is known, with the way out. */
interface KnownRefusal {
  readonly title: string;
  /** Texts that an error message must hold, all of them. */
  readonly signs: readonly string[];
  readonly lines: readonly string[];
}

export const knownRefusals: readonly KnownRefusal[] = [
  {
    title: 'Unsupported Parameter: max_completion_tokens',
    signs: ['extra_forbidden', 'max_completion_tokens', 'Extra inputs are not permitted'],
    lines: [
      "The server does not know the parameter 'max_completion_tokens' and refuses requests that hold it.",
      '',
      'Possible Causes:',
      '  - An output length was asked for, and it is sent as max_completion_tokens',
      '  - The server is older than that parameter, or allows no parameters beyond its own',
      '',
      'Fix Options:',
      '  - Leave out --osl / --output-tokens-mean',
      '  - --extra-inputs "max_tokens:<value>" - Send the older parameter yourself',
      '  - --use-legacy-max-tokens - Send output lengths as max_tokens',
    ],
  },
];

/** For answers that are shorter than asked for. */
export const fullLengthRemedies = [
  'Force the full length: --extra-inputs ignore_eos:true (vLLM, SGLang, TensorRT-LLM)',
  'Ask for at least N tokens: --extra-inputs min_tokens:<N> (vLLM, TensorRT-LLM, SGLang)',
];

/** For servers that do not apply the output cap. */
export const ignoredCapRemedy = 'Send output lengths as max_tokens: --use-legacy-max-tokens';

/** For servers that report no usage. */
export const missingUsageRemedy =
  'Make the server or gateway report usage. stream_options.include_usage is sent with every streamed ' +
  'request unless --extra-inputs sets stream_options';
