// What policy_node.cpp does, with pipes in the place of topics, and in the time that its input says.
//
//   robot_over_pipes MAX_CHANGE    of a command, in a second
//
// A line "NOW [JOINT POSITION VELOCITY]..." on stdin is a message that came NOW, in seconds; without
// joints it only says how late it is.  Each is answered by "STATE ACTIONS [COMMAND]...": the gate's
// state, how many actions the policy remembers, and what was commanded since the last answer.
// After the end of stdin comes the last command of all.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "my_policy/pilot.hpp"

using my_policy::Joints;

namespace
{

struct Message
{
  explicit Message(const std::string & line)
  {
    std::istringstream words(line);
    words >> now;
    double q = 0.0, v = 0.0;
    for (std::string name; words >> name >> q >> v; ) {
      names.push_back(name);
      position.push_back(q);
      velocity.push_back(v);
    }
  }

  double now = 0.0;
  std::vector<std::string> names;
  std::vector<double> position, velocity, effort;
};

}  // namespace

int main(int, char ** words)
{
  const char * const states[] = {"hold", "fade", "run", "safe"};
  my_policy::Policy policy;
  auto settings = Joints::settings();
  settings.max_change.assign(Joints::commanded, std::stod(words[1]));
  my_policy::Pilot pilot(policy, Joints::names(), settings, 1.0 / policy.rate_hz(), 0.0);
  std::vector<double> sent;
  const auto send = [&]() {sent.push_back(pilot.gate().command()[0]);};
  double now = 0.0;
  int ticks = 0;
  for (std::string line; std::getline(std::cin, line); ) {
    const Message message(line);
    now = message.now;
    for (; 0.02 * ticks <= now; ++ticks) {  // the node's timer
      if (pilot.gate().tick(0.02 * ticks)) {
        send();
      }
    }
    if (pilot.hear(message.names, message.position, message.velocity, message.effort, now)) {
      send();
    }
    std::printf("%s %u", states[static_cast<int>(pilot.gate().state())], policy.remembered());
    for (const double command : sent) {
      std::printf(" %.17g", command);
    }
    std::printf("\n");
    std::fflush(stdout);
    sent.clear();
  }
  if (pilot.gate().end(now)) {
    std::printf("%.17g\n", pilot.gate().command()[0]);
  }
}
