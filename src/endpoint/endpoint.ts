import type { Conversation, MediaKind, NamedTexts, Turn } from '../dataset/conversation.js';
import type { BytePieces } from '../util/byte-pieces.js';
import type { Json, JsonObject } from '../util/json.js';
import type { Failure } from './failure.js';

/** An answered turn of the session: what was sent, and the answer as it enters the history. */
export interface PastTurn {
  readonly turn: Turn;
  readonly answer: AssistantMessage;
}

/** The assistant's message of a live answer. Reasoning is left out whenever there is content. */
export interface AssistantMessage {
  readonly content: string;
  readonly toolCalls?: readonly JsonObject[];
  /** The answer's id, where later requests may refer to it. */
  readonly id?: string;
}

/** What a body is made from. */
export interface BodyRequest {
  readonly conversation: Conversation;
  readonly turn: Turn;
  /** Empty for first and self-contained turns. */
  readonly past: readonly PastTurn[];
  /** An earlier turn of the conversation was sent, whether it has an answer for the history or not. */
  readonly follows?: boolean;
}

/** Options of a run that change its bodies. */
export interface BodyOptions {
  readonly streaming: boolean;
  readonly extraInputs: JsonObject;
  /** Fetch what was made, as part of the request. */
  readonly downloadContent?: boolean;
  /** Cap outputs under the older of two names, where the endpoint knows two. */
  readonly legacyMaxTokens: boolean;
  /** Lengths are those that the server reports. */
  readonly serverTokenCount?: boolean;
  /** Ask for the usage so far in every chunk of a stream, and keep that of the first. */
  readonly perChunkUsage?: boolean;
  /** Input lengths are those of chats as the tokenizer's template renders them. */
  readonly rendersChats?: boolean;
  /** Requests are signed: the hash of a body is made with it, ahead of its time. */
  readonly hashesBodies?: boolean;
}

/** One of several choices that is not counted. */
export interface OtherChoice {
  readonly index: number;
  /** The unit holds its finish reason. */
  readonly finished: boolean;
}

/** Kinds of content that are not text: they are counted, not kept. */
export const countedKinds = ['vectors', 'scores', 'images', 'audio', 'videos'] as const;

/** Pieces of content by kind; a kind that is absent has none. */
export type ContentCounts = Readonly<Partial<Record<(typeof countedKinds)[number], number>>>;

/** A `GET` that an answer asks for. */
export interface FollowUp {
  /** Appended to the path of the request. */
  readonly path: string;
  /** Wait before it, ms; the first is sent at once. */
  readonly everyMs: number;
}

/** What one answer unit (an event's data, or a whole body) holds. Empty strings and what is absent have no key. */
export interface Chunk {
  readonly text?: string;
  readonly reasoning?: string;
  /** Function names and arguments: generated text that counts as output. */
  readonly toolText?: string;
  /** Pieces of content other than text. */
  readonly counts?: ContentCounts;
  /** Pieces of structured tool calls, for the history. */
  readonly toolCalls?: readonly JsonObject[];
  /** The rest comes later, in the answer to another request. */
  readonly followUp?: FollowUp;
  /** A non-empty usage object, as the server sent it. */
  readonly usage?: JsonObject;
  /** The usage is added to that of earlier units: each reports a part. */
  readonly addsUsage?: true;
  /** Output tokens for each decoding step, where a choice reports them. */
  readonly tokensPerStep?: number;
  /** All text of the stream up to this unit, in place of its own. */
  readonly textSoFar?: string;
  /** The answer's id, where later requests may refer to it. */
  readonly id?: string;
  /** Why the server ended the counted choice, in its own word. */
  readonly finishReason?: string;
  /** Other choices that the unit holds a part of. */
  readonly otherChoices?: readonly OtherChoice[];
  /** The content is a whole message, not a piece of one: some servers end a stream with one that repeats all pieces. */
  readonly isWholeMessage?: true;
  /** The server reports in the choice itself that it failed. */
  readonly failure?: Failure;
  /** Paths of fields that look like content and were not read. */
  readonly unread?: readonly string[];
}

/** A body as it goes over the wire. JSON stays a string, which the transport writes together with the head, but for large media. */
export interface EncodedBody {
  readonly data: BytePieces;
  readonly contentType: string;
}

/** Options of a run that mean less, or something else, to one endpoint than to another. */
export interface EndpointOptions {
  readonly extraInputs: JsonObject;
  /** Mean output length to request. */
  readonly osl: number | undefined;
  readonly useServerTokenCount: boolean;
  readonly useLegacyMaxTokens: boolean;
}

/** Gives an option as the user wrote it. */
export type OptionName = (option: keyof EndpointOptions) => string;

/** Headers in which an API differs from OpenAI's. */
export interface EndpointHeaders {
  /** Header that carries the API key as it is. */
  readonly apiKey: string;
  /** Sent with every request unless the user sets them. */
  readonly fixed: Readonly<Record<string, string>>;
}

/** Media of a prewarm request. */
interface CannedMedia {
  readonly kind: MediaKind;
  readonly value: string;
}

/** One API: what its requests consist of, and how its answers are read. */
export interface Endpoint {
  /** Appended to the base URL; '' appends nothing. */
  readonly path: string;
  /** Path of requests that stream, where it is another. */
  readonly streamPath?: string;
  readonly headers?: EndpointHeaders;
  readonly canStream: boolean;
  readonly producesTokens: boolean;
  /** The console table's title. */
  readonly title: string;
  /** What an answer may hold, as messages name it. */
  readonly contentName: string;
  /** Media that its requests can hold. */
  readonly media: readonly MediaKind[];
  /** Its bodies hold the values of media, or their base64, as they are: large ones can be sent without being copied. */
  readonly placesMedia?: true;
  /** Images of its requests are no measure of its work: no metrics count them. Absent: they are counted. */
  readonly countsImages?: false;
  /** Its requests hold no text, and no tokens are counted: `--isl` and `--tokenizer` are refused. Absent: they may. */
  readonly takesText?: false;
  /** Key of bodies that holds a list of items to answer one by one. */
  readonly batchKey?: string;
  /** It takes no links: images of files are fetched before the run. */
  readonly fetchesImages?: true;
  /** Its requests can name images by id, with or without their content. */
  readonly takesImageIds?: true;
  /** Its bodies hold a chat as `messages`, which the server renders by the model's chat template. */
  readonly holdsChat?: true;
  /** Its streams report usage in every chunk if asked to. */
  readonly reportsChunkUsage?: true;
  /** Its requests can hold token IDs in place of text. */
  readonly takesTokenIds?: true;
  /** Its requests have a place for the conversation's system text. */
  readonly hasSystemSlot: boolean;
  /** A marker can be put into its prompts, to keep prefix caches from finding them again. */
  readonly takesMarkers?: true;
  /** Keys of a body that hold input text, in the order in which it is counted. None: requests have no input length. */
  readonly inputKeys: readonly string[];
  /** Input text of a turn, where the values of those keys mix it with media; absent: all their text. */
  inputText?(turn: Turn): string;
  /** Keys of a body that cap its output, `a.b` for key b of object a; the first that holds a number counts. */
  readonly capKeys: readonly string[];
  /** The API demands a cap: one that nobody asked for is sent, which is no requested length. */
  readonly demandsCap?: true;
  /** Keys whose string value may hold a streamed unit's text: where the learned template looks for its gap. */
  readonly streamTextKeys: readonly string[];
  /** Its requests start jobs, whose end is asked for again and again; they are never cancelled. */
  readonly isJob?: true;
  /** Its answers are bytes of audio, unless they are JSON. */
  readonly answersAudio?: true;
  /** Synthetic turns are a query and passages to rank by it. */
  readonly ranks?: boolean;
  /** Its streams end without a mark: an orderly end is a complete answer. */
  readonly endsUnmarked?: true;
  /** The endpoint as the options of a run make it. @throws UserError for options that it cannot work with */
  open?(options: BodyOptions): Endpoint;
  /** Refuses a turn that has more, or less, than a request can carry. @throws UserError */
  checkTurn?(request: BodyRequest): void;
  /** Sentences about what a turn holds and a request leaves out. */
  unsent?(turn: Turn): readonly string[];
  /** The whole body as JSON, extra inputs merged. Files of a multipart body are objects in it. */
  body(request: BodyRequest, options: BodyOptions): JsonObject;
  /** The body as it is sent; absent: as JSON text. */
  encode?(body: JsonObject): EncodedBody;
  /** Body of a request for one token, to see whether a model answers; absent: that of chat. */
  probeBody?(model: string): JsonObject;
  /** Reads an answer unit; undefined when the shape is not this endpoint's. */
  read(unit: Json): Chunk | undefined;
  /** A failure that a unit reports, as this API names it; absent: as it is. */
  failure?(failure: Failure): Failure;
  /**
   * Text of a whole body without what need not be parsed; undefined if it cannot tell. Absent: all of it is parsed.
   */
  shorten?(body: Buffer): string | undefined;
  /** Reads a unit that is not JSON; absent: such a unit is an error. */
  readText?(unit: string): Chunk;
  /** Texts of a turn for the prewarm: simulated requests that get the code of a load thread compiled. */
  readonly cannedTexts: readonly NamedTexts[];
  /** Media of that turn. */
  readonly cannedMedia?: readonly CannedMedia[];
  /** A recorded body in place of those texts, for an endpoint that makes none. */
  readonly cannedPayload?: JsonObject;
  /** The body of an answer of `tokens` tokens to such a turn, as servers write it, in the pieces in which it arrives. */
  cannedAnswer(streaming: boolean, tokens: number): readonly string[];
  /** Sentences about options that contradict each other here. */
  errors?(options: EndpointOptions, name: OptionName): string[];
  /** Sentences about options that have no effect here or mislead. */
  warnings(options: EndpointOptions, name: OptionName): string[];
}
