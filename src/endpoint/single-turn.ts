import { UserError } from '../util/errors.js';
import type { BodyRequest } from './endpoint.js';

/** The check of an API that takes one turn of texts a request. @param name of the endpoint, for messages. */
export function singleTurn(name: string): (request: BodyRequest) => void {
  return ({ turn, follows }) => {
    if (follows) {
      throw new UserError(
        `the ${name} endpoint takes one turn a request, and this conversation has more`,
        'use --endpoint-type chat for conversations, or a dataset of single turns',
      );
    }
    if (turn.messages) {
      throw new UserError(`the ${name} endpoint cannot send a message array`, 'use --endpoint-type chat');
    }
  };
}
