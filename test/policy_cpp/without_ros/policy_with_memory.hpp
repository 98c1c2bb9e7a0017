// The generated policy, which keeps nothing, with a memory: of how often it acted since it began.
#ifndef MY_POLICY__POLICY_WITH_MEMORY_HPP_
#define MY_POLICY__POLICY_WITH_MEMORY_HPP_

#define Policy Network
#include "my_policy/network.hpp"
#undef Policy

namespace my_policy
{

class Policy : public Network
{
public:
  void reset() {remembered_ = 0;}

  void act(const float * observations, float * commands)
  {
    ++remembered_;
    Network::act(observations, commands);
  }

  unsigned remembered() const {return remembered_;}

private:
  unsigned remembered_ = 0;
};

}  // namespace my_policy

#endif  // MY_POLICY__POLICY_WITH_MEMORY_HPP_
