// Keeps a frontend to the number of people its operator allows.
import type { Deps } from "../../deps.ts";
import { AppError } from "../../errors.ts";
import type { GatewayMiddleware } from "../types.ts";

/** Refuses `join` once the frontend has `settings.attendees_limit.limit` attendees. @throws attendees_limit_reached */
export function attendeesLimit({ view }: Pick<Deps, "view">): GatewayMiddleware {
  return async (req, next) => {
    const limit = req.frontend.settings.attendees_limit?.limit ?? 0;
    if (req.resource !== "join" || limit <= 0) return await next(req);
    const attendees = await view.countAttendees(req.frontend.id);
    if (attendees >= limit) {
      throw new AppError("attendees_limit_reached", `Frontend "${req.frontend.key}" is full: ${attendees}/${limit}`);
    }
    return await next(req);
  };
}
